import assert from "node:assert/strict";
import { test } from "node:test";
import { measureHeap, rawReaders, recordsPerRound } from "../stream/raw-reading.ts";

const long = process.env["EBPF_TS_SOAK_SECONDS"] !== undefined;
const least = long ? 100_000_000 : 10_000_000;
const rounds = Math.ceil(least / recordsPerRound);

for (const [name, read] of Object.entries(rawReaders)) {
  const title = `${name}: the heap is flat over ${least / 1e6} million raw records`;
  test(title, { timeout: 240_000 }, async (t) => {
    const start = performance.now();
    const used = await measureHeap(read, rounds);
    t.diagnostic(`${JSON.stringify(used)} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    assert.ok(used.records >= least);
    // Of 5 million records: some 1.6 kB for each batch of 5461, and no object a record, which would be 80 MB at least.
    assert.ok(used.allocatedPerRound / recordsPerRound < 0.5, JSON.stringify(used));
    // A byte for every hundred records would be a megabyte.
    assert.ok(used.retained < 256 * 1024, JSON.stringify(used));
  });
}
