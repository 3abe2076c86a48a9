import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyWorker, JobReader, JobStatus, JobWorker, newJobTable } from "../../src/workers/dispatch/job-table.ts";

/** Steps of all sides in any order; the accesses of one step are not cut in two here (workers.test.ts has real threads). */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("add" as const), who: fc.constantFrom(0, 1, 2, anyWorker) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("claim" as const), who: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("finish" as const), who: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("collect" as const), who: fc.nat(2) }) },
);

describe("job table", () => {
  it("gives each record to one worker that may have it, each worker's in order, and passes them in order", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const shape = newJobTable(4, 3);
        const reader = new JobReader(shape);
        const workers = [0, 1, 2].map((index) => new JobWorker(shape, index));
        const held: (number | undefined)[] = [undefined, undefined, undefined];
        const owners: number[] = [];
        const last = [-1, -1, -1];
        let finished = 0;
        for (const { kind, who } of steps) {
          const worker = workers[who];
          const job = held[who];
          if (kind === "add" && reader.outstanding < 4) {
            assert.equal(reader.add(owners.length * 8, owners.length, who), owners.length);
            owners.push(who);
          } else if (kind === "claim" && job === undefined) {
            const claimed = worker!.claim();
            if (claimed === undefined) {
              for (let open = reader.tail; open < reader.head; open += 1) {
                const mine = owners[open] === who || owners[open] === anyWorker;
                assert.ok(!mine || reader.status(open) !== JobStatus.ready, `record ${open} was overlooked`);
              }
              continue;
            }
            assert.ok(owners[claimed] === anyWorker || owners[claimed] === who);
            assert.ok(claimed > last[who]!);
            assert.equal(worker!.offset(claimed), claimed * 8);
            assert.equal(worker!.length(claimed), claimed);
            last[who] = claimed;
            held[who] = claimed;
          } else if (kind === "finish" && job !== undefined) {
            worker!.finish(job);
            held[who] = undefined;
            finished += 1;
          } else if (kind === "collect") {
            while (reader.outstanding > 0 && reader.status(reader.tail) === JobStatus.done) reader.passOldest();
          }
        }
        const open = held.filter((job) => job !== undefined).length;
        assert.ok(finished + open <= owners.length);
        assert.ok(reader.tail <= finished);
      }),
      { numRuns: 300 },
    );
  });

  it("takes back only the newest that nobody has begun", () => {
    const shape = newJobTable(8, 2);
    const reader = new JobReader(shape);
    const worker = new JobWorker(shape, 1);
    for (const who of [0, 0, 1, 0, anyWorker]) reader.add(0, 0, who);
    assert.equal(worker.claim(), 2);
    reader.takeBack();
    assert.equal(reader.head, 3);
    assert.equal(worker.claim(), undefined);
    assert.equal(new JobWorker(shape, 0).claim(), 0);
  });

  it("all generations come round", () => {
    const shape = newJobTable(64, 1);
    const reader = new JobReader(shape);
    const worker = new JobWorker(shape, 0);
    for (let turn = 0; turn < 70_000 * 64; turn += 64) {
      // All generations of 16 bits come round, a table at a time.
      for (let i = 0; i < 64; i += 1) reader.add(i, i, anyWorker);
      for (let i = 0; i < 64; i += 1) worker.finish(worker.claim()!);
      for (let i = 0; i < 64; i += 1) {
        assert.equal(reader.status(reader.tail), JobStatus.done);
        reader.passOldest();
      }
    }
    assert.equal(reader.outstanding, 0);
  });

  it("tells each side once that there is something for it", () => {
    const shape = newJobTable(8, 2);
    const reader = new JobReader(shape);
    const worker = new JobWorker(shape, 0);
    assert.equal(reader.rouse(0), false);
    worker.sleep();
    assert.equal(reader.rouse(1), false);
    assert.equal(reader.rouse(0), true);
    assert.equal(reader.rouse(0), false);
    const [first, second] = [reader.add(0, 0, 0), reader.add(0, 0, 0)];
    assert.equal(worker.finish(first), false);
    reader.wait();
    assert.equal(worker.finish(second), true);
    assert.equal(worker.finish(second), false);
  });
});
