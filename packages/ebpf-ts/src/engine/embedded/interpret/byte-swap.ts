import { InstructionClass, Source } from "../../../insn/opcodes.ts";
import type { Run } from "../machine/run.ts";

const scratch = new DataView(new ArrayBuffer(8));

/** END (to little or big endian) and BSWAP (RFC 9669, section 4.2). The machine is little-endian. */
export function byteSwap(run: Run, slot: number): void {
  const program = run.program;
  const opcode = program.opcodes[slot]!;
  const dst = program.dst[slot]!;
  const bits = program.imms[slot]!;
  const swap = (opcode & 7) === InstructionClass.ALU64 || (opcode & Source.X) !== 0;
  run.u64[dst] = swap ? swapped(run.u64[dst]!, bits) : BigInt.asUintN(bits, run.u64[dst]!);
}

function swapped(value: bigint, bits: number): bigint {
  scratch.setBigUint64(0, value, true);
  switch (bits) {
    case 16:
      return BigInt(scratch.getUint16(0, false));
    case 32:
      return BigInt(scratch.getUint32(0, false));
    default:
      return scratch.getBigUint64(0, false);
  }
}
