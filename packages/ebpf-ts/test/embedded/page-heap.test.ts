import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { MemoryLayout } from "../../src/engine/embedded/memory/memory-plan.ts";
import { PageHeap } from "../../src/engine/embedded/memory/page-heap.ts";
import { PageTable, pageSize } from "../../src/engine/embedded/memory/page-table.ts";
import type { Span } from "../../src/engine/embedded/memory/region.ts";
import type { HeapJob } from "./page-heap-worker.ts";

const room = 40;

interface TestHeap {
  readonly buffer: SharedArrayBuffer;
  readonly span: Span;
  readonly pages: PageTable;
  readonly heap: PageHeap;
}

function makeHeap(pageCount = room): TestHeap {
  const { memory, heap: span } = new MemoryLayout().createMemory(pageCount * pageSize);
  const pages = new PageTable(memory.buffer);
  const heap = new PageHeap(memory.buffer, pages, span);
  return { buffer: memory.buffer as SharedArrayBuffer, span, pages, heap };
}

/** Where a block and the page behind it end. */
function outerEnd(start: number, size: number): number {
  return start + (Math.ceil(size / pageSize) + 1) * pageSize;
}

function freePages({ pages, span }: TestHeap): number {
  let free = 0;
  for (let page = span.start / pageSize; page < span.end / pageSize; page += 1) free += pages.isFree(page) ? 1 : 0;
  return free;
}

/** All that is left, in blocks of one page and its gap; how many. */
function exhaust({ heap }: TestHeap): number {
  let count = 0;
  while (heap.allocate(pageSize) !== 0) count += 1;
  return count;
}

describe("the heap", () => {
  it("gives pages with a gap behind each, until there are none, and again what comes back", () => {
    const test = makeHeap();
    const { heap, span } = test;
    const first = heap.allocate(1);
    assert.equal(first, span.start);
    assert.equal(heap.allocate(2 * pageSize), first + 2 * pageSize);
    assert.equal(heap.allocate(pageSize), first + 5 * pageSize);
    assert.equal(exhaust(test), (room - 7) >> 1);
    assert.equal(heap.allocate(1), 0);
    heap.free(first + 2 * pageSize, 2 * pageSize);
    assert.equal(heap.allocate(3 * pageSize), 0);
    assert.equal(heap.allocate(2 * pageSize), first + 2 * pageSize);
  });

  it("has nothing for what is larger than itself, or no size at all", () => {
    const { heap } = makeHeap();
    for (const size of [room * pageSize, 2 ** 32, Infinity, NaN]) assert.equal(heap.allocate(size), 0, String(size));
    assert.notEqual(heap.allocate((room - 1) * pageSize), 0);
  });

  it("takes no memory of a machine that uses all of its 4 GiB", () => {
    const layout = new MemoryLayout();
    layout.reserve("most", 2 ** 32 - 2 ** 23, "machine");
    const { heap, memory } = layout.createMemory(2 ** 26);
    assert.equal(heap.end, 2 ** 32);
    assert.equal(memory.buffer.byteLength, 2 ** 32);
    assert.ok(heap.end - heap.start < 2 ** 23);
  });

  it("gives zeroed blocks that do not meet, in any order of taking and giving back", () => {
    const deeds = fc.array(
      fc.record({ give: fc.boolean(), size: fc.integer({ min: 1, max: 9 * pageSize }), which: fc.nat() }),
      { maxLength: 120, size: "max" },
    );
    fc.assert(
      fc.property(deeds, (all) => {
        const test = makeHeap();
        const { heap, span, buffer } = test;
        const bytes = new Uint8Array(buffer);
        const held: (Span & { size: number })[] = [];
        for (const { give, size, which } of all) {
          if (give && held.length > 0) {
            for (const { start, size: taken } of held.splice(which % held.length, 1)) heap.free(start, taken);
            continue;
          }
          const start = heap.allocate(size);
          if (start === 0) continue;
          const block = { start, end: outerEnd(start, size) };
          assert.ok(start % pageSize === 0 && start >= span.start && block.end <= span.end);
          assert.ok(held.every((other) => block.end <= other.start || other.end <= start));
          assert.equal(bytes.subarray(start, start + size).indexOf(0xff), -1);
          bytes.fill(0xff, start, start + size);
          held.push({ ...block, size });
        }
        for (const { start, size } of held) heap.free(start, size);
        assert.equal(freePages(test), room);
        assert.notEqual(heap.allocate((room - 1) * pageSize), 0);
      }),
      { numRuns: 200 },
    );
  });
});

async function startThreads(
  test: TestHeap,
  rounds: readonly number[],
  insists = false,
): Promise<[Worker[], Int32Array]> {
  const gate = new Int32Array(new SharedArrayBuffer(12));
  const url = new URL("./page-heap-worker.js", import.meta.url);
  const workers = rounds.map((all, thread) => {
    const workerData: HeapJob = { buffer: test.buffer, span: test.span, thread, insists, rounds: all, gate };
    return new Worker(url, { workerData });
  });
  for (let ready = 0; ready < rounds.length; ready = Atomics.load(gate, 0)) {
    const wait = Atomics.waitAsync(gate, 0, ready);
    if (wait.async) await wait.value;
  }
  return [workers, gate];
}

function letGo(gate: Int32Array): void {
  Atomics.store(gate, 2, 1);
  Atomics.notify(gate, 2);
}

describe("threads at one heap", () => {
  it("never hold the same page, and give back all of it", async () => {
    const scarce = 24;
    const test = makeHeap(scarce);
    const [workers, gate] = await startThreads(test, [3000, 3000, 3000, 3000]);
    const answers = workers.map((worker) => once(worker, "message"));
    letGo(gate);
    for (const [faults] of await Promise.all(answers)) assert.equal(faults, 0);
    assert.equal(freePages(test), scarce);
  });

  it("all get on, however they get in each other's way", async () => {
    const block = 5;
    const others = 3;
    // Wherever the others have theirs, each with one page too few beside it, one more block fits.
    const test = makeHeap(others * (block + block - 1) + block);
    const [workers, gate] = await startThreads(test, [4000, 4000, 4000, 4000], true);
    const answers = workers.map((worker) => once(worker, "message"));
    letGo(gate);
    for (const [faults] of await Promise.all(answers)) assert.equal(faults, 0);
  });

  it("go on when one of them is ended in the middle of it", async () => {
    const plenty = 400;
    const mostHeld = 8 * 5;
    for (let round = 0; round < 4; round += 1) {
      const test = makeHeap(plenty);
      const [[mortal, other], gate] = (await startThreads(test, [Infinity, 2000])) as [[Worker, Worker], Int32Array];
      const answer = once(other, "message");
      letGo(gate);
      const wait = Atomics.waitAsync(gate, 1, 0);
      if (wait.async) await wait.value;
      await mortal.terminate();
      assert.deepEqual(await answer, [0]);
      const left = freePages(test);
      assert.ok(left >= plenty - mostHeld, `${left} pages are left`);
      assert.notEqual(test.heap.allocate(pageSize), 0);
    }
  });
});
