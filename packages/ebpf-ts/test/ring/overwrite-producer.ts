/** The other side of `overwrite-threads.test.ts`: it never waits. */
import { parentPort, workerData } from "node:worker_threads";
import { openOverwriteMemory, OverwriteRing, type OverwriteMemory } from "./overwrite-model.ts";
import { fillPayload, isDropped, lengthOf } from "./thread-sides.ts";

export interface OverwriteData {
  readonly overwrites: SharedArrayBuffer;
  readonly size: number;
  readonly count: number;
  /** Int32: 0 bell, 1 becomes 1 at the end. */
  readonly shared: Int32Array;
}

function produce(memory: OverwriteMemory, { count, shared }: OverwriteData): void {
  const ring = new OverwriteRing(memory);
  const view = new DataView(memory.data.buffer, memory.data.byteOffset);
  for (let number = 0; number < count; number += 1) {
    const record = ring.reserve(lengthOf(number))!;
    // A plain store may pass the atomic one of the overwrite position, but not an atomic load behind it.
    Atomics.load(memory.overwrite, 0);
    fillPayload(memory.data, view, record.offset, number);
    if (ring.commit(record, isDropped(number))) {
      Atomics.add(shared, 0, 1);
      Atomics.notify(shared, 0);
    }
    // Pauses, so that the consumer catches up and goes to sleep every now and then, and bursts of several rings' size.
    if (number % 4096 < 2048 && number % 64 === 0) for (let i = 0; i < 20_000; i += 1) Atomics.load(shared, 3);
  }
  Atomics.store(shared, 1, 1);
  Atomics.add(shared, 0, 1);
  Atomics.notify(shared, 0);
}

const data = workerData as Partial<OverwriteData> | null;
if (parentPort !== null && data?.overwrites instanceof SharedArrayBuffer) {
  produce(openOverwriteMemory(data.overwrites, data.size!), data as OverwriteData);
}
