import { AtomicOp, Size } from "../../../insn/opcodes.ts";
import { bytesOf } from "./load-store.ts";
import type { Run } from "../machine/run.ts";

/** Atomic operations (RFC 9669, section 5.3), sequentially consistent between all threads of the machine. */
export function atomic(run: Run, slot: number): void {
  const program = run.program;
  const size = program.opcodes[slot]! & 0x18;
  const bytes = bytesOf(size);
  const address = run.address(program.dst[slot]!, program.offsets[slot]!);
  run.checkWrite(address, bytes);
  if (address % bytes !== 0)
    run.fault(`made an atomic access of ${bytes} bytes at ${hex(address)}, which is not aligned`);
  const src = program.src[slot]!;
  const operation = program.imms[slot]!;
  if (size === Size.DW) atomic64(run, operation, src, address / 8);
  else atomic32(run, operation, src, address / 4);
}

function atomic64(run: Run, operation: number, src: number, index: number): void {
  const { u64 } = run;
  const cells = run.memory.doubleWords;
  if (operation === AtomicOp.CMPXCHG) {
    u64[0] = Atomics.compareExchange(cells, index, u64[0]!, u64[src]!);
    return;
  }
  const old = exchange(cells, operation, index, u64[src]!);
  if ((operation & AtomicOp.FETCH) !== 0) u64[src] = old;
}

function atomic32(run: Run, operation: number, src: number, index: number): void {
  const { u32, u64 } = run;
  const cells = run.memory.words;
  if (operation === AtomicOp.CMPXCHG) {
    u64[0] = BigInt(Atomics.compareExchange(cells, index, u32[0]!, u32[2 * src]!));
    return;
  }
  const old = exchange(cells, operation, index, u32[2 * src]!);
  if ((operation & AtomicOp.FETCH) !== 0) u64[src] = BigInt(old);
}

/** The two kinds of cells are alike to `Atomics`, but not to its types. */
function exchange<T extends number | bigint>(
  cells: Uint32Array | BigUint64Array,
  operation: number,
  index: number,
  operand: T,
): T {
  const target = cells as BigUint64Array;
  const value = operand as bigint;
  return exchanged(target, operation & ~AtomicOp.FETCH, index, value) as T;
}

function exchanged(cells: BigUint64Array, operation: number, index: number, value: bigint): bigint {
  switch (operation) {
    case AtomicOp.ADD:
      return Atomics.add(cells, index, value);
    case AtomicOp.OR:
      return Atomics.or(cells, index, value);
    case AtomicOp.AND:
      return Atomics.and(cells, index, value);
    case AtomicOp.XOR:
      return Atomics.xor(cells, index, value);
    default:
      return Atomics.exchange(cells, index, value);
  }
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
