import { RingBuf } from "../../src/map/ring-buf.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { SimulatedEventRing } from "./simulated-ring.ts";

const size = 1 << 23;
const recordBytes = 48;
const recordsPerFill = Math.floor(size / recordBytes);
/** What is read between two looks at the heap: 5 million records. */
const fillsPerRound = 30;
export const recordsPerRound: number = fillsPerRound * recordsPerFill;

/** What a reader did, in bytes of heap. */
export interface HeapUse {
  readonly records: number;
  /** The largest growth in a round, garbage included. */
  readonly allocatedPerRound: number;
  /** What was still there at the end, beyond what was there when the reader had run once. */
  readonly retained: number;
}

/** Reads so many fills of the ring, raw; gives the records. */
export type RawReader = (ring: RingBuf, fills: number, refill: () => void) => Promise<number>;

/** Commits as many records as the ring holds, without allocating: the headers of the whole ring, then one position. */
function fill(other: SimulatedEventRing, headers: Int32Array): void {
  const { producer } = other.memory;
  const start = Number(producer[0]! & BigInt(size - 1));
  for (let i = 0; i < recordsPerFill; i += 1) headers[((start + i * recordBytes) & (size - 1)) >> 2] = recordBytes - 8;
  producer[0] = producer[0]! + BigInt(recordsPerFill * recordBytes);
}

async function readByBatches(ring: RingBuf, fills: number, refill: () => void): Promise<number> {
  let records = 0;
  refill();
  for await (const batch of ring.batches()) {
    for (const record of batch) records += record.length === recordBytes - 8 ? 1 : 0;
    if (!batch.nowEmpty) continue;
    if (records >= fills * recordsPerFill) break;
    refill();
  }
  return records;
}

async function readByDrains(ring: RingBuf, fills: number, refill: () => void): Promise<number> {
  let records = 0;
  for (let i = 0; i < fills; i += 1) {
    refill();
    ring.drain((record) => void (records += record.length === recordBytes - 8 ? 1 : 0));
  }
  return records;
}

export const rawReaders: Readonly<Record<string, RawReader>> = { "batches()": readByBatches, "drain()": readByDrains };

export async function measureHeap(read: RawReader, rounds: number): Promise<HeapUse> {
  const other = new SimulatedEventRing(size);
  const ring = new RingBuf({ name: "events", ring: other });
  const headers = new Int32Array(other.memory.data.buffer, other.memory.data.byteOffset, size >> 2);
  const refill = (): void => fill(other, headers);
  await read(ring, fillsPerRound, refill); // compiles the loop
  const first = usedHeap();
  let records = 0;
  let allocatedPerRound = 0;
  let last = first;
  for (let round = 0; round < rounds; round += 1) {
    records += await read(ring, fillsPerRound, refill);
    allocatedPerRound = Math.max(allocatedPerRound, process.memoryUsage().heapUsed - last);
    last = usedHeap();
  }
  return { records, allocatedPerRound, retained: last - first };
}

function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
