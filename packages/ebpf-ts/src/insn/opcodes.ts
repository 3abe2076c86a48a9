/** Parts of an opcode: RFC 9669, sections 3 to 5, with what Linux adds. Lower three bits: the class. */
export const InstructionClass = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7 } as const;

/** Bits 3 and 4 of loads and stores. */
export const Size = { W: 0x00, H: 0x08, B: 0x10, DW: 0x18 } as const;

/** Bits 5 to 7 of loads and stores. ABS and IND are legacy packet access. */
export const Mode = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, MEMSX: 0x80, ATOMIC: 0xc0 } as const;

/** Bit 3 of arithmetic and jumps: the second operand is `imm`, or the source register. */
export const Source = { K: 0x00, X: 0x08 } as const;

/** Bits 4 to 7 of arithmetic. DIV and MOD are signed when `offset` is 1; MOV sign-extends from `offset` bits. */
export const AluOp = {
  ADD: 0x00,
  SUB: 0x10,
  MUL: 0x20,
  DIV: 0x30,
  OR: 0x40,
  AND: 0x50,
  LSH: 0x60,
  RSH: 0x70,
  NEG: 0x80,
  MOD: 0x90,
  XOR: 0xa0,
  MOV: 0xb0,
  ARSH: 0xc0,
  END: 0xd0,
} as const;

/** Bits 4 to 7 of jumps. JA takes `imm` rather than `offset` in class JMP32; JCOND is Linux's `may_goto` (6.9). */
export const JumpOp = {
  JA: 0x00,
  JEQ: 0x10,
  JGT: 0x20,
  JGE: 0x30,
  JSET: 0x40,
  JNE: 0x50,
  JSGT: 0x60,
  JSGE: 0x70,
  CALL: 0x80,
  EXIT: 0x90,
  JLT: 0xa0,
  JLE: 0xb0,
  JSLT: 0xc0,
  JSLE: 0xd0,
  JCOND: 0xe0,
} as const;

/** `imm` of atomic instructions. The last two are Linux's own (6.15). */
export const AtomicOp = {
  ADD: 0x00,
  OR: 0x40,
  AND: 0x50,
  XOR: 0xa0,
  FETCH: 0x01,
  XCHG: 0xe1,
  CMPXCHG: 0xf1,
  LOAD_ACQ: 0x100,
  STORE_REL: 0x110,
} as const;

/** Source register of a 64-bit immediate load: what the immediate stands for (BPF_PSEUDO_*). */
export const ImmKind = { VALUE: 0, MAP_FD: 1, MAP_VALUE: 2, BTF_ID: 3, FUNC: 4, MAP_IDX: 5, MAP_IDX_VALUE: 6 } as const;

/** Source register of a call. */
export const CallKind = { HELPER: 0, LOCAL: 1, KFUNC: 2 } as const;

/** `offset` of a MOV between address spaces (arenas, Linux 6.9). */
export const ADDRESS_SPACE_CAST = 1;

/** The opcode of a 64-bit immediate load, which takes two slots. */
export const LD_IMM64 = 0x18;
/** The opcode of a call; {@link CallKind} says of what. */
export const CALL = 0x85;
/** The opcode of a jump, by `offset` slots. */
export const JA = 0x05;
/** The opcode of a jump by `imm` slots (`gotol`, RFC 9669, section 4.3). */
export const JA32 = 0x06;
/** The opcode that returns, with r0. */
export const EXIT = 0x95;
