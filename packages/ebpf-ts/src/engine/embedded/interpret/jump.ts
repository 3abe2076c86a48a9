import { JumpOp, Source } from "../../../insn/opcodes.ts";
import type { Run } from "../machine/run.ts";

/** Whether a conditional jump of the class JMP is taken (RFC 9669, section 4.3). */
export function isTaken64(run: Run, slot: number): boolean {
  const program = run.program;
  const opcode = program.opcodes[slot]!;
  const dst = program.dst[slot]!;
  const register = (opcode & Source.X) !== 0;
  const src = program.src[slot]!;
  if (isSigned(opcode & 0xf0)) {
    return compare(opcode & 0xf0, run.s64[dst]!, register ? run.s64[src]! : program.simms64[slot]!);
  }
  const b = register ? run.u64[src]! : program.imms64[slot]!;
  return (opcode & 0xf0) === JumpOp.JSET ? (run.u64[dst]! & b) !== 0n : compare(opcode & 0xf0, run.u64[dst]!, b);
}

/** The same on the low halves, for the class JMP32. */
export function isTaken32(run: Run, slot: number): boolean {
  const program = run.program;
  const opcode = program.opcodes[slot]!;
  const a = run.s32[2 * program.dst[slot]!]!;
  const b = (opcode & Source.X) !== 0 ? run.s32[2 * program.src[slot]!]! : program.imms[slot]!;
  if ((opcode & 0xf0) === JumpOp.JSET) return (a & b) !== 0;
  return isSigned(opcode & 0xf0) ? compare(opcode & 0xf0, a, b) : compare(opcode & 0xf0, a >>> 0, b >>> 0);
}

/** Whether a condition holds between two values, of which the low `width` bits count. */
export function isHolding(operation: number, a: bigint, b: bigint, width: 32 | 64): boolean {
  const cut = isSigned(operation) ? BigInt.asIntN : BigInt.asUintN;
  const [left, right] = [cut(width, a), cut(width, b)];
  return operation === JumpOp.JSET ? (left & right) !== 0n : compare(operation, left, right);
}

function isSigned(operation: number): boolean {
  return (
    operation === JumpOp.JSGT || operation === JumpOp.JSGE || operation === JumpOp.JSLT || operation === JumpOp.JSLE
  );
}

function compare<T extends bigint | number>(operation: number, a: T, b: T): boolean {
  switch (operation) {
    case JumpOp.JEQ:
      return a === b;
    case JumpOp.JNE:
      return a !== b;
    case JumpOp.JGT:
    case JumpOp.JSGT:
      return a > b;
    case JumpOp.JGE:
    case JumpOp.JSGE:
      return a >= b;
    case JumpOp.JLT:
    case JumpOp.JSLT:
      return a < b;
    default:
      return a <= b;
  }
}
