import { AluOp, Source } from "../../../insn/opcodes.ts";
import type { Run } from "../machine/run.ts";

/** 32-bit arithmetic (RFC 9669, section 4.1): on the low halves, with the high half of the result zero. */
export function alu32(run: Run, slot: number): void {
  const program = run.program;
  const opcode = program.opcodes[slot]!;
  const low = 2 * program.dst[slot]!;
  const b = (opcode & Source.X) !== 0 ? run.s32[2 * program.src[slot]!]! : program.imms[slot]!;
  run.s32[low] = compute(opcode & 0xf0, run.s32[low]!, b, program.offsets[slot]!);
  run.s32[low + 1] = 0;
}

/** `a` and `b` are signed 32 bits; only the low 32 bits of the result count. `offset` tells the signed variants. */
function compute(operation: number, a: number, b: number, offset: number): number {
  switch (operation) {
    case AluOp.ADD:
      return a + b;
    case AluOp.SUB:
      return a - b;
    case AluOp.MUL:
      return Math.imul(a, b);
    case AluOp.DIV:
      return offset === 0 ? divide(a >>> 0, b >>> 0) : divide(a, b);
    case AluOp.MOD:
      return offset === 0 ? modulo(a >>> 0, b >>> 0) : modulo(a, b);
    case AluOp.OR:
      return a | b;
    case AluOp.AND:
      return a & b;
    case AluOp.XOR:
      return a ^ b;
    case AluOp.LSH:
      return a << (b & 31);
    case AluOp.RSH:
      return a >>> (b & 31);
    case AluOp.ARSH:
      return a >> (b & 31);
    case AluOp.NEG:
      return -a;
    default:
      return signExtend(b, offset);
  }
}

/** Truncated; exact, because the quotient of two 32-bit integers is never rounded up to the next integer. */
function divide(a: number, b: number): number {
  return b === 0 ? 0 : Math.trunc(a / b);
}

function modulo(a: number, b: number): number {
  return b === 0 ? a : a % b;
}

/** MOV (0 bits given), MOVSX of 8 or 16 bits. */
function signExtend(value: number, bits: number): number {
  return bits === 0 ? value : (value << (32 - bits)) >> (32 - bits);
}
