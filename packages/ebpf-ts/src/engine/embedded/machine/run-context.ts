import { EbpfError } from "../../../base/errors.ts";
import type { RunContext } from "./contracts.ts";
import type { CpuMemory } from "../memory/cpu-memory.ts";
import type { ProgramMemory } from "../memory/program-memory.ts";
import type { Slice } from "./slices.ts";

/** Bytes of a pointer in a context. */
const pointerSize = 8;

/** Contexts come from sources, which may be anybody's: what is written, and read, is within the bytes. */
export function checkContext({ bytes, readableFrom = 0, objects = [] }: RunContext): void {
  const { length } = bytes;
  const fails = (what: string, at: unknown): never => {
    throw new RangeError(`A context of ${length} bytes ${what} ${String(at)}`);
  };
  if (!isOffset(readableFrom, length)) fails("cannot be readable from", readableFrom);
  for (const { at } of objects) if (!isOffset(at, length - pointerSize)) fails("has no pointer at", at);
}

function isOffset(at: number, most: number): boolean {
  return Number.isInteger(at) && at >= 0 && at <= most;
}

/**
 * Puts a context into a CPU's memory, and the kernel objects that it points at behind it, each on its own 16 bytes.
 * Returns the parts that the program may touch.
 */
export function placeContext(memory: ProgramMemory, cpu: CpuMemory, context: RunContext): Slice[] {
  checkContext(context);
  const { start, end } = cpu.context;
  const { bytes, readableFrom = 0, writable = false, objects = [] } = context;
  const slices: Slice[] = [{ start: start + readableFrom, end: start + bytes.length, writable }];
  let next = start + bytes.length;
  for (const object of objects) {
    const at = Math.ceil((next + 1) / 16) * 16;
    next = at + object.bytes.length;
    slices.push({ start: at, end: next, writable: false });
  }
  if (next > end) {
    throw new EbpfError(
      "TOO_BIG",
      `Cannot run the program: its context takes ${next - start} bytes, and there is room for ${end - start}`,
    );
  }
  memory.bytes.set(bytes, start);
  objects.forEach((object, index) => {
    const slice = slices[index + 1]!;
    memory.bytes.set(object.bytes, slice.start);
    memory.view.setBigUint64(start + object.at, BigInt(slice.start), true);
  });
  return slices;
}
