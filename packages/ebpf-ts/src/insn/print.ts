import { badIndex } from "../base/bad-index.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { aFunction, aMap, anArray, wrongKind } from "../base/checks.ts";
import { someInstructions } from "./check-instructions.ts";
import type { Instruction } from "./instruction.ts";
import {
  ADDRESS_SPACE_CAST,
  AluOp,
  AtomicOp,
  CallKind,
  ImmKind,
  InstructionClass,
  JumpOp,
  LD_IMM64,
  Mode,
  Size,
  Source,
} from "./opcodes.ts";

/** Names in place of numbers, where they are known. */
export interface PrintOptions {
  /** What a slot refers to, printed in place of its number: `map[events]`, a function's name. */
  readonly names?: ReadonlyMap<number, string> | undefined;
  readonly helperName?: ((id: number) => string | undefined) | undefined;
}

export const printChecks: Checks<PrintOptions> = { names: aMap, helperName: aFunction };

/** All instructions as text, each slot its own element; the second slot of a 64-bit load is left out. */
export function printInstructions(instructions: readonly Instruction[], options: PrintOptions = {}): string[] {
  someInstructions(instructions, "The instructions of printInstructions()");
  checkOptions(options, printChecks, "printInstructions()");
  const lines: string[] = [];
  for (let slot = 0; slot < instructions.length; slot++) {
    lines.push(printAt(instructions, slot, options));
    if (instructions[slot]?.opcode === LD_IMM64) slot += 1;
  }
  return lines;
}

/**
 * One instruction in the C-like syntax of llvm-objdump, which is also an assembler's input. What cannot be decoded is
 * printed as its fields, so that printing never fails.
 */
export function printInstruction(
  instructions: readonly Instruction[],
  slot: number,
  options: PrintOptions = {},
): string {
  anArray(instructions, "The instructions of printInstruction()");
  checkOptions(options, printChecks, "printInstruction()");
  if (typeof slot !== "number") throw wrongKind("The slot of printInstruction()", "a whole number", slot);
  const shown = instructions.slice(Math.max(slot, 0), slot + 2);
  someInstructions(shown, "The instructions of printInstruction()");
  return printAt(instructions, slot, options);
}

/** The same, of options that were checked. */
export function printAt(instructions: readonly Instruction[], slot: number, options: PrintOptions): string {
  const instruction = instructions[slot];
  if (instruction === undefined) throw badIndex(slot, instructions.length, "the instructions");
  return print(instruction, instructions[slot + 1], options.names?.get(slot), options) ?? printUnknown(instruction);
}

function print(
  instruction: Instruction,
  next: Instruction | undefined,
  name: string | undefined,
  options: PrintOptions,
): string | undefined {
  switch (instruction.opcode & 0x07) {
    case InstructionClass.LD:
      return instruction.opcode === LD_IMM64 ? printWideLoad(instruction, next, name) : printPacketLoad(instruction);
    case InstructionClass.LDX:
      return printLoad(instruction);
    case InstructionClass.ST:
      return modeOf(instruction) === Mode.MEM
        ? `${memory(instruction, "u", instruction.dst)} = ${instruction.imm}`
        : undefined;
    case InstructionClass.STX:
      return modeOf(instruction) === Mode.ATOMIC ? printAtomic(instruction) : printStore(instruction);
    case InstructionClass.ALU:
    case InstructionClass.ALU64:
      return printAlu(instruction);
    default:
      return printJump(instruction, name, options);
  }
}

function printUnknown({ opcode, dst, src, offset, imm }: Instruction): string {
  return `<unknown opcode 0x${opcode.toString(16).padStart(2, "0")} dst ${dst} src ${src} offset ${offset} imm ${imm}>`;
}

// Loads and stores

function modeOf(instruction: Instruction): number {
  return instruction.opcode & 0xe0;
}

function bitsOf(instruction: Instruction): number {
  switch (instruction.opcode & 0x18) {
    case Size.B:
      return 8;
    case Size.H:
      return 16;
    case Size.W:
      return 32;
    default:
      return 64;
  }
}

function signed(value: number): string {
  return value < 0 ? `- ${-value}` : `+ ${value}`;
}

function memory(instruction: Instruction, sign: "u" | "s", base: number): string {
  return `*(${sign}${bitsOf(instruction)} *)(r${base} ${signed(instruction.offset)})`;
}

function printLoad(instruction: Instruction): string | undefined {
  const mode = modeOf(instruction);
  if (mode === Mode.MEM) return `r${instruction.dst} = ${memory(instruction, "u", instruction.src)}`;
  if (mode === Mode.MEMSX && bitsOf(instruction) !== 64)
    return `r${instruction.dst} = ${memory(instruction, "s", instruction.src)}`;
  return undefined;
}

function printStore(instruction: Instruction): string | undefined {
  return modeOf(instruction) === Mode.MEM
    ? `${memory(instruction, "u", instruction.dst)} = r${instruction.src}`
    : undefined;
}

function printPacketLoad(instruction: Instruction): string | undefined {
  const mode = modeOf(instruction);
  if (bitsOf(instruction) === 64) return undefined;
  if (mode === Mode.ABS) return `r0 = *(u${bitsOf(instruction)} *)skb[${instruction.imm}]`;
  if (mode === Mode.IND)
    return `r0 = *(u${bitsOf(instruction)} *)skb[r${instruction.src}${instruction.imm === 0 ? "" : ` ${signed(instruction.imm)}`}]`;
  return undefined;
}

function printWideLoad(
  instruction: Instruction,
  next: Instruction | undefined,
  name: string | undefined,
): string | undefined {
  if (next === undefined) return undefined;
  const left = `r${instruction.dst} = `;
  if (name !== undefined) return `${left}${name} ll`;
  switch (instruction.src) {
    case ImmKind.VALUE:
      return `${left}${(BigInt(next.imm) << 32n) | BigInt(instruction.imm >>> 0)} ll`;
    case ImmKind.MAP_FD:
      return `${left}map[fd ${instruction.imm}] ll`;
    case ImmKind.MAP_VALUE:
      return `${left}map[fd ${instruction.imm}]+${next.imm >>> 0} ll`;
    case ImmKind.BTF_ID:
      return `${left}ksym[btf ${instruction.imm}] ll`;
    case ImmKind.FUNC:
      return `${left}function[pc ${signedJump(instruction.imm)}] ll`;
    case ImmKind.MAP_IDX:
      return `${left}map[index ${instruction.imm}] ll`;
    case ImmKind.MAP_IDX_VALUE:
      return `${left}map[index ${instruction.imm}]+${next.imm >>> 0} ll`;
    default:
      return undefined;
  }
}

// Atomics

const ATOMIC_SIGNS: Readonly<Record<number, string>> = {
  [AtomicOp.ADD]: "+=",
  [AtomicOp.OR]: "|=",
  [AtomicOp.AND]: "&=",
  [AtomicOp.XOR]: "^=",
};
const ATOMIC_NAMES: Readonly<Record<number, string>> = {
  [AtomicOp.ADD]: "add",
  [AtomicOp.OR]: "or",
  [AtomicOp.AND]: "and",
  [AtomicOp.XOR]: "xor",
};

function printAtomic(instruction: Instruction): string | undefined {
  const { imm, src, dst, offset } = instruction;
  const bits = bitsOf(instruction);
  const register = bits === 64 ? "r" : "w";
  if (imm === AtomicOp.LOAD_ACQ) return `${register}${dst} = load_acquire((u${bits} *)(r${src} ${signed(offset)}))`;
  if (imm === AtomicOp.STORE_REL) return `store_release((u${bits} *)(r${dst} ${signed(offset)}), ${register}${src})`;
  if (bits < 32) return undefined;
  const place = `r${dst} ${signed(offset)}`;
  if (imm === AtomicOp.XCHG) return `${register}${src} = xchg${exchangeSize(bits)}(${place}, ${register}${src})`;
  if (imm === AtomicOp.CMPXCHG)
    return `${register}0 = cmpxchg${exchangeSize(bits)}(${place}, ${register}0, ${register}${src})`;
  const name = ATOMIC_NAMES[imm & ~AtomicOp.FETCH];
  if (name === undefined) return undefined;
  if ((imm & AtomicOp.FETCH) !== 0)
    return `${register}${src} = atomic_fetch_${name}((u${bits} *)(${place}), ${register}${src})`;
  return `lock *(u${bits} *)(${place}) ${ATOMIC_SIGNS[imm]} ${register}${src}`;
}

function exchangeSize(bits: number): string {
  return bits === 32 ? "32_32" : "_64";
}

// Arithmetic

const ALU_SIGNS: Readonly<Record<number, string>> = {
  [AluOp.ADD]: "+=",
  [AluOp.SUB]: "-=",
  [AluOp.MUL]: "*=",
  [AluOp.DIV]: "/=",
  [AluOp.OR]: "|=",
  [AluOp.AND]: "&=",
  [AluOp.LSH]: "<<=",
  [AluOp.RSH]: ">>=",
  [AluOp.MOD]: "%=",
  [AluOp.XOR]: "^=",
  [AluOp.MOV]: "=",
  [AluOp.ARSH]: "s>>=",
};

function printAlu(instruction: Instruction): string | undefined {
  const { opcode, dst, src, offset, imm } = instruction;
  const op = opcode & 0xf0;
  const isWide = (opcode & 0x07) === InstructionClass.ALU64;
  const register = isWide ? "r" : "w";
  if (op === AluOp.END) return printEndian(instruction, isWide);
  if (op === AluOp.NEG) return offset === 0 ? `${register}${dst} = -${register}${dst}` : undefined;

  const sign = aluSign(op, offset);
  if (sign === undefined) return undefined;
  if ((opcode & Source.X) === 0)
    return op === AluOp.MOV && offset !== 0 ? undefined : `${register}${dst} ${sign} ${imm}`;
  if (op !== AluOp.MOV || offset === 0) return `${register}${dst} ${sign} ${register}${src}`;
  if (isWide && offset === ADDRESS_SPACE_CAST)
    return `r${dst} = addr_space_cast(r${src}, ${imm & 0xffff}, ${imm >>> 16})`;
  const extends_ = offset === 8 || offset === 16 || (offset === 32 && isWide);
  return extends_ ? `${register}${dst} = (s${offset})${register}${src}` : undefined;
}

function aluSign(op: number, offset: number): string | undefined {
  const sign = ALU_SIGNS[op];
  if (sign === undefined || offset === 0 || op === AluOp.MOV) return sign;
  const isSigned = offset === 1 && (op === AluOp.DIV || op === AluOp.MOD);
  return isSigned ? `s${sign}` : undefined;
}

/** In class ALU64 the bytes are always swapped; in ALU to little-endian, or, with the source bit, to big-endian. */
function printEndian({ opcode, dst, imm }: Instruction, isSwap: boolean): string | undefined {
  if (imm !== 16 && imm !== 32 && imm !== 64) return undefined;
  const isBig = (opcode & Source.X) !== 0;
  if (isSwap) return isBig ? undefined : `r${dst} = bswap${imm} r${dst}`;
  return `r${dst} = ${isBig ? "be" : "le"}${imm} r${dst}`;
}

// Jumps

const JUMP_SIGNS: Readonly<Record<number, string>> = {
  [JumpOp.JEQ]: "==",
  [JumpOp.JGT]: ">",
  [JumpOp.JGE]: ">=",
  [JumpOp.JSET]: "&",
  [JumpOp.JNE]: "!=",
  [JumpOp.JSGT]: "s>",
  [JumpOp.JSGE]: "s>=",
  [JumpOp.JLT]: "<",
  [JumpOp.JLE]: "<=",
  [JumpOp.JSLT]: "s<",
  [JumpOp.JSLE]: "s<=",
};

function signedJump(distance: number): string {
  return distance < 0 ? `${distance}` : `+${distance}`;
}

function printJump(instruction: Instruction, name: string | undefined, options: PrintOptions): string | undefined {
  const { opcode, dst, src, offset, imm } = instruction;
  const op = opcode & 0xf0;
  const isWide = (opcode & 0x07) === InstructionClass.JMP;
  const usesRegister = (opcode & Source.X) !== 0;
  if (op === JumpOp.JA && !usesRegister) return isWide ? `goto ${signedJump(offset)}` : `gotol ${signedJump(imm)}`;
  if (isWide && !usesRegister) {
    if (op === JumpOp.CALL) return printCall(instruction, name, options);
    if (op === JumpOp.EXIT) return "exit";
    if (op === JumpOp.JCOND && src === 0) return `may_goto ${signedJump(offset)}`;
  }
  const sign = JUMP_SIGNS[op];
  if (sign === undefined) return undefined;
  const register = isWide ? "r" : "w";
  return `if ${register}${dst} ${sign} ${usesRegister ? `${register}${src}` : imm} goto ${signedJump(offset)}`;
}

function printCall({ src, imm }: Instruction, name: string | undefined, options: PrintOptions): string | undefined {
  if (name !== undefined) return `call ${name}`;
  switch (src) {
    case CallKind.HELPER: {
      const helper = options.helperName?.(imm);
      return helper === undefined ? `call ${imm}` : `call ${helper}#${imm}`;
    }
    case CallKind.LOCAL:
      return `call pc${signedJump(imm)}`;
    case CallKind.KFUNC:
      return `call kernel-function[btf ${imm}]`;
    default:
      return undefined;
  }
}
