import { AluOp, Source } from "../../../insn/opcodes.ts";
import type { Run } from "../machine/run.ts";

/** 64-bit arithmetic (RFC 9669, section 4.1). Storing into a register keeps the low 64 bits of a result. */
export function alu64(run: Run, slot: number): void {
  const program = run.program;
  const opcode = program.opcodes[slot]!;
  const dst = program.dst[slot]!;
  const register = (opcode & Source.X) !== 0;
  const src = program.src[slot]!;
  const offset = program.offsets[slot]!;
  const signed = offset !== 0 || (opcode & 0xf0) === AluOp.ARSH;
  if (signed) {
    run.s64[dst] = signedResult(
      opcode & 0xf0,
      run.s64[dst]!,
      register ? run.s64[src]! : program.simms64[slot]!,
      offset,
    );
  } else {
    run.u64[dst] = arithmetic(opcode & 0xf0, run.u64[dst]!, register ? run.u64[src]! : program.imms64[slot]!);
  }
}

/** The unsigned operations and those that have no sign; of the result the low 64 bits count. */
export function arithmetic(operation: number, a: bigint, b: bigint): bigint {
  switch (operation) {
    case AluOp.ADD:
      return a + b;
    case AluOp.SUB:
      return a - b;
    case AluOp.MUL:
      return a * b;
    case AluOp.DIV:
      return b === 0n ? 0n : a / b;
    case AluOp.MOD:
      return b === 0n ? a : a % b;
    case AluOp.OR:
      return a | b;
    case AluOp.AND:
      return a & b;
    case AluOp.XOR:
      return a ^ b;
    case AluOp.LSH:
      return a << (b & 63n);
    case AluOp.RSH:
      return a >> (b & 63n);
    case AluOp.NEG:
      return -a;
    default:
      return b;
  }
}

/** ARSH; and by a nonzero offset: SDIV, SMOD (1), MOVSX (8, 16 or 32 bits). */
function signedResult(operation: number, a: bigint, b: bigint, offset: number): bigint {
  switch (operation) {
    case AluOp.DIV:
      return b === 0n ? 0n : a / b;
    case AluOp.MOD:
      return b === 0n ? a : a % b;
    case AluOp.ARSH:
      return a >> (b & 63n);
    default:
      return BigInt.asIntN(offset, b);
  }
}
