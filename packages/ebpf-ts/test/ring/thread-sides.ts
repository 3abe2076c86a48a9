/** The other sides of `threads.test.ts`, each in a thread of its own. */
import { parentPort, workerData } from "node:worker_threads";
import { RingProducer } from "../../src/ring/index.ts";
import { KernelRing, openMemory, type TestMemory } from "./kernel-model.ts";

export interface ThreadData {
  readonly side: "kernel" | "user";
  readonly buffer: SharedArrayBuffer;
  readonly size: number;
  readonly count: number;
  /** Int32: 0 bell, 1 refused reservations, 2 discarded records. */
  readonly shared: Int32Array;
}

/** Lengths and discards that both threads can work out for themselves. */
export function lengthOf(number: number): number {
  return 8 + ((number * 2654435761) >>> 27);
}

export function isDropped(number: number): boolean {
  return number % 7 === 3;
}

/** Number and check value, then bytes that tell which record they belong to. */
export function fillPayload(data: Uint8Array, view: DataView, offset: number, number: number): void {
  const length = lengthOf(number);
  data.fill(number & 0xff, offset, offset + length);
  view.setUint32(offset, number, true);
}

export function checkPayload(
  data: Uint8Array,
  view: DataView,
  offset: number,
  length: number,
  number: number,
): boolean {
  if (length !== lengthOf(number) || view.getUint32(offset, true) !== number) return false;
  for (let i = 4; i < length; i += 1) if (data[offset + i] !== (number & 0xff)) return false;
  return true;
}

/** As the kernel: an adaptive commit rings only if the consumer stands at this very record. */
function produceAsKernel(memory: TestMemory, view: DataView, { count, shared }: ThreadData): void {
  const kernel = new KernelRing(memory);
  for (let number = 0; number < count;) {
    const record = kernel.reserve(lengthOf(number));
    if (record === undefined) {
      Atomics.add(shared, 1, 1);
      continue;
    }
    fillPayload(memory.data, view, record.offset, number);
    const discard = isDropped(number);
    if (discard) Atomics.add(shared, 2, 1);
    if (kernel.commit(record, discard)) {
      Atomics.add(shared, 0, 1);
      Atomics.notify(shared, 0);
    }
    number += 1;
    // Pauses, so that the consumer catches up and goes to sleep every now and then.
    if (number % 64 === 0) for (let i = 0; i < 3000; i += 1) Atomics.load(shared, 3);
  }
}

function produceAsUser(memory: TestMemory, view: DataView, { count, shared }: ThreadData): void {
  const producer = new RingProducer(memory);
  for (let number = 0; number < count;) {
    const offset = producer.tryReserve(lengthOf(number));
    if (offset < 0) {
      Atomics.add(shared, 1, 1);
      continue;
    }
    fillPayload(memory.data, view, offset, number);
    if (isDropped(number)) producer.discard(offset);
    else producer.submit(offset);
    number += 1;
  }
  Atomics.store(shared, 2, producer.discarded);
}

const data = workerData as ThreadData | null;
if (parentPort !== null && data?.buffer instanceof SharedArrayBuffer) {
  const memory = openMemory(data.buffer, data.size);
  const view = new DataView(memory.data.buffer, memory.data.byteOffset);
  if (data.side === "kernel") produceAsKernel(memory, view, data);
  else produceAsUser(memory, view, data);
}
