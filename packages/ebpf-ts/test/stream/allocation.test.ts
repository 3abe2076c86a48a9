import assert from "node:assert/strict";
import { it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RingBuf } from "../../src/map/ring-buf.ts";
import { SimulatedEventRing } from "./simulated-ring.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const size = 1 << 23;
const recordBytes = 48;
const recordsPerFill = Math.floor(size / recordBytes);
const fills = 30;

/** Commits as many records as the ring holds, without allocating: the headers of the whole ring, then one position. */
function fill(other: SimulatedEventRing, headers: Int32Array): void {
  const { producer } = other.memory;
  const start = Number(producer[0]! & BigInt(size - 1));
  for (let i = 0; i < recordsPerFill; i += 1) headers[((start + i * recordBytes) & (size - 1)) >> 2] = recordBytes - 8;
  producer[0] = producer[0]! + BigInt(recordsPerFill * recordBytes);
}

async function readByBatches(ring: RingBuf, turns: number, refill: () => void): Promise<number> {
  let records = 0;
  refill();
  for await (const batch of ring.batches()) {
    for (const record of batch) records += record.length === recordBytes - 8 ? 1 : 0;
    if (!batch.nowEmpty) continue;
    if (records >= turns * recordsPerFill) break;
    refill();
  }
  return records;
}

async function readByDrains(ring: RingBuf, turns: number, refill: () => void): Promise<number> {
  let records = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    refill();
    ring.drain((record) => void (records += record.length === recordBytes - 8 ? 1 : 0));
  }
  return records;
}

for (const [name, read] of Object.entries({ readByBatches, readByDrains })) {
  it(`${name}: nothing is allocated per raw record`, async () => {
    const other = new SimulatedEventRing(size);
    const ring = new RingBuf({ name: "events", ring: other });
    const headers = new Int32Array(other.memory.data.buffer, other.memory.data.byteOffset, size >> 2);
    const refill = (): void => fill(other, headers);
    await read(ring, fills, refill); // compiles the loop
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const records = await read(ring, fills, refill);
    const grown = process.memoryUsage().heapUsed - before;
    assert.equal(records, fills * recordsPerFill);
    // What there is, is some 400 bytes for each batch of 5461 records: 0.08 a record. An object a record would be 16 at least.
    assert.ok(grown / records < 0.5, `${grown} bytes for ${records} records`);
  });
}
