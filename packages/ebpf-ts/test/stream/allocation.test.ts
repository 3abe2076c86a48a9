import assert from "node:assert/strict";
import { it } from "node:test";
import { measureHeap, rawReaders, recordsPerRound } from "./raw-reading.ts";

// The soak run does the same with 100 million (test/soak/allocation.soak.test.ts).
for (const [name, read] of Object.entries(rawReaders)) {
  it(`${name}: nothing is allocated per raw record`, async (t) => {
    const used = await measureHeap(read, 1);
    t.diagnostic(JSON.stringify(used));
    assert.equal(used.records, recordsPerRound);
    // What there is, is some 1.6 kB for each batch of 5461 records: 0.3 a record. An object a record would be 16 at least.
    assert.ok(used.allocatedPerRound / recordsPerRound < 0.5, JSON.stringify(used));
  });
}
