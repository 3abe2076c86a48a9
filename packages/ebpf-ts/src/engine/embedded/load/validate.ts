import { callThroughRegister } from "../../../insn/advice.ts";
import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import {
  ADDRESS_SPACE_CAST,
  AluOp,
  AtomicOp,
  CALL,
  CallKind,
  EXIT,
  ImmKind,
  InstructionClass,
  JA,
  JA32,
  JumpOp,
  LD_IMM64,
  Mode,
  Size,
  Source,
} from "../../../insn/opcodes.ts";
import type { MachineProgram } from "../machine/machine-program.ts";
import { usesReservedFields } from "./reserved-fields.ts";

const CALL_REGISTER = 0x8d;
const frameRegister = 10;

/**
 * Checks everything of a program that can be known before it runs, so that the interpreter need not: opcodes, registers,
 * where jumps and calls lead. What it does with memory is checked as it does it.
 */
export function validate(program: MachineProgram): void {
  const slots = program.opcodes.length;
  if (slots === 0)
    throw new EbpfError("BAD_INSTRUCTION", `Cannot load program ${program.image.name}: it has no instructions`);
  const isStart = findStarts(program);
  const starts = program.image.functions.map((entry) => entry.slot);
  starts.forEach((start, index) => {
    new FunctionCheck(program, isStart, start, starts[index + 1] ?? slots).run();
  });
}

/** By slot: whether an instruction starts there, rather than the second half of a 64-bit load. */
function findStarts(program: MachineProgram): boolean[] {
  const isStart: boolean[] = new Array(program.opcodes.length).fill(true);
  for (let slot = 0; slot < isStart.length; slot++) {
    if (program.opcodes[slot] === LD_IMM64) isStart[++slot] = false;
  }
  return isStart.slice(0, program.opcodes.length);
}

class FunctionCheck {
  readonly #program: MachineProgram;
  readonly #isStart: readonly boolean[];
  readonly #start: number;
  readonly #end: number;
  #slot: number;

  constructor(program: MachineProgram, isStart: readonly boolean[], start: number, end: number) {
    this.#program = program;
    this.#isStart = isStart;
    this.#start = this.#slot = start;
    this.#end = end;
  }

  run(): void {
    let last = this.#start;
    for (let slot = this.#start; slot < this.#end; slot++) {
      if (!this.#isStart[slot]) continue;
      this.#slot = last = slot;
      this.#instruction(this.#program.opcodes[slot]!);
    }
    const opcode = this.#program.opcodes[last];
    if (!this.#isStart[this.#start] || (opcode !== EXIT && opcode !== JA && opcode !== JA32)) {
      this.#refuse("a function ends without an exit");
    }
  }

  #instruction(opcode: number): void {
    const { dst, src } = this.#program;
    if (dst[this.#slot]! > frameRegister || src[this.#slot]! > frameRegister)
      this.#refuse("there are only the registers r0 to r10");
    if (usesReservedFields(this.#program, this.#slot)) this.#refuse("an instruction uses reserved fields, which are 0");
    switch (opcode & 7) {
      case InstructionClass.LD:
        return this.#immediate(opcode);
      case InstructionClass.LDX:
        this.#load(opcode);
        return this.#writes(dst[this.#slot]!);
      case InstructionClass.ST:
        return this.#store(opcode);
      case InstructionClass.STX:
        return (opcode & 0xe0) === Mode.ATOMIC ? this.#atomic(opcode) : this.#store(opcode);
      case InstructionClass.ALU:
      case InstructionClass.ALU64:
        this.#arithmetic(opcode);
        return this.#writes(dst[this.#slot]!);
      default:
        return this.#jump(opcode);
    }
  }

  #immediate(opcode: number): void {
    if ((opcode & 0xe0) === Mode.ABS || (opcode & 0xe0) === Mode.IND) {
      this.#lacks("BPF_ABS", "the embedded engine has no legacy packet access (BPF_ABS, BPF_IND)");
    }
    if (opcode !== LD_IMM64) this.#unknown(opcode);
    const { opcodes, dst, src, imms, offsets } = this.#program;
    const slot = this.#slot;
    const next = slot + 1;
    if (next >= this.#end || opcodes[next] !== 0 || dst[next] !== 0 || src[next] !== 0 || offsets[next] !== 0) {
      this.#refuse("a 64-bit load lacks its second half");
    }
    const kind = src[slot]!;
    if (kind === ImmKind.FUNC) {
      if (!this.#program.isFunction(next + imms[slot]!))
        this.#refuse("a function's address leads elsewhere than to a function");
    } else if (kind !== ImmKind.VALUE) {
      this.#refuse("a 64-bit load refers to a kernel object that was not resolved");
    }
    this.#writes(dst[slot]!);
  }

  #load(opcode: number): void {
    const mode = opcode & 0xe0;
    const known = mode === Mode.MEM || (mode === Mode.MEMSX && (opcode & 0x18) !== Size.DW);
    if (!known) this.#unknown(opcode);
  }

  #store(opcode: number): void {
    if ((opcode & 0xe0) !== Mode.MEM) this.#unknown(opcode);
  }

  #atomic(opcode: number): void {
    const size = opcode & 0x18;
    const operation = this.#program.imms[this.#slot]!;
    if (operation === AtomicOp.LOAD_ACQ || operation === AtomicOp.STORE_REL) {
      this.#lacks(
        "BPF_LOAD_ACQ",
        "the embedded engine has no load-acquire and store-release, compile with -mcpu=v4 or lower",
      );
    }
    const plain = operation & ~AtomicOp.FETCH;
    const arithmetic =
      plain === AtomicOp.ADD || plain === AtomicOp.OR || plain === AtomicOp.AND || plain === AtomicOp.XOR;
    const known = arithmetic || operation === AtomicOp.XCHG || operation === AtomicOp.CMPXCHG;
    if (!known || (size !== Size.W && size !== Size.DW)) this.#unknown(opcode);
    const fetches = (operation & AtomicOp.FETCH) !== 0 && operation !== AtomicOp.CMPXCHG;
    if (fetches) this.#writes(this.#program.src[this.#slot]!);
  }

  #arithmetic(opcode: number): void {
    const wide = (opcode & 7) === InstructionClass.ALU64;
    const operation = opcode & 0xf0;
    const register = (opcode & Source.X) !== 0;
    const offset = this.#program.offsets[this.#slot]!;
    switch (operation) {
      case AluOp.DIV:
      case AluOp.MOD:
        if (offset !== 0 && offset !== 1) this.#unknown(opcode);
        return;
      case AluOp.MOV:
        if (wide && register && offset === ADDRESS_SPACE_CAST)
          this.#lacks("arenas", "the embedded engine has no arenas (address space casts)");
        if (offset !== 0 && !(register && (offset === 8 || offset === 16 || (wide && offset === 32))))
          this.#unknown(opcode);
        return;
      case AluOp.END: {
        const bits = this.#program.imms[this.#slot]!;
        if ((wide && register) || offset !== 0 || (bits !== 16 && bits !== 32 && bits !== 64)) this.#unknown(opcode);
        return;
      }
      default:
        if (offset !== 0 || operation > AluOp.END || (operation === AluOp.NEG && register)) this.#unknown(opcode);
    }
  }

  #jump(opcode: number): void {
    const wide = (opcode & 7) === InstructionClass.JMP;
    const operation = opcode & 0xf0;
    const { offsets, imms } = this.#program;
    if (operation === JumpOp.CALL) return this.#call(opcode);
    if (operation === JumpOp.EXIT) return opcode === EXIT ? undefined : this.#unknown(opcode);
    if (operation === JumpOp.JCOND && wide)
      this.#lacks("may_goto", "the embedded engine has no may_goto, it has an instruction budget instead");
    if (operation > JumpOp.JSLE || (operation === JumpOp.JA && (opcode & Source.X) !== 0)) this.#unknown(opcode);
    const distance = opcode === JA32 ? imms[this.#slot]! : offsets[this.#slot]!;
    const target = this.#slot + 1 + distance;
    if (target < this.#start || target >= this.#end || !this.#isStart[target])
      this.#refuse("a jump leads out of its function, or into the middle of an instruction");
  }

  #call(opcode: number): void {
    if (opcode === CALL_REGISTER) this.#lacks("BPF_CALLX", callThroughRegister);
    if (opcode !== CALL) this.#unknown(opcode);
    const imm = this.#program.imms[this.#slot]!;
    switch (this.#program.src[this.#slot]) {
      case CallKind.LOCAL:
        if (!this.#program.isFunction(this.#slot + 1 + imm)) this.#refuse("a call leads elsewhere than to a function");
        return;
      case CallKind.HELPER:
      case CallKind.KFUNC:
        return;
      default:
        return this.#unknown(opcode);
    }
  }

  #writes(register: number): void {
    if (register === frameRegister) this.#refuse("r10, the frame pointer, is read-only");
  }

  #unknown(opcode: number): never {
    return this.#refuse(
      `instruction 0x${opcode.toString(16).padStart(2, "0")} is unknown, or has an operand that means nothing`,
    );
  }

  #refuse(why: string): never {
    throw new EbpfError("BAD_INSTRUCTION", this.#message(why));
  }

  #lacks(feature: string, why: string): never {
    throw new NotSupportedError(feature, this.#message(why));
  }

  #message(why: string): string {
    return `Cannot load program ${this.#program.image.name}: ${why}, at ${this.#program.placeOf(this.#slot)}`;
  }
}
