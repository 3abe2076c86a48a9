import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { SharedLock } from "../../src/memory/shared-lock.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import type { HammerCounts, HammerJob } from "./hammer-worker.ts";
import { consume, produce } from "./reference-ring.ts";
import { keysOf, makeMap, specOf, u32 } from "./test-map.ts";
import type { TestMap } from "./test-map.ts";

/** Several real threads on one map at once, with counts that must come out. */

const threads = 3;

interface Hammer {
  readonly done: Promise<HammerCounts[]>;
  /** Lets the threads, which all stand ready, run. */
  go(): void;
  /** How many producers of a ring are not done yet; each rings the bell when it is. */
  running(): number;
  /** Tells drains that nothing more comes. */
  end(): void;
}

async function start(
  t: TestContext,
  { image, memory }: TestMap,
  deed: HammerJob["deed"],
  rounds: number,
  count = threads,
): Promise<Hammer> {
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const set = (value: number): void => {
    Atomics.store(gate, 1, value);
    Atomics.notify(gate, 1);
  };
  const workers = Array.from({ length: count }, (_, thread) => {
    const job: HammerJob = { deed, image, memory, gate, thread, rounds };
    return new Worker(new URL("./hammer-worker.js", import.meta.url), { workerData: job });
  });
  t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
  const done = Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as HammerCounts));
  while (Atomics.load(gate, 0) < count) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return { done, go: () => set(1), running: () => Atomics.load(gate, 0), end: () => set(2) };
}

const sum = (
  all: readonly HammerCounts[],
  what: "inserted" | "deleted" | "torn" | "submitted" | "discarded" | "busy",
): number => all.reduce((total, counts) => total + counts[what], 0);

test("threads on one hash: inserted = deleted + left, and no value is torn", { timeout: 30_000 }, async (t) => {
  const created = makeMap(specOf(MapType.HASH, 4, 64, 16));
  const hammer = await start(t, created, "hash", 60_000);
  hammer.go();
  const counts = await hammer.done;
  const left = keysOf(created.map);
  assert.ok(sum(counts, "deleted") > 1000);
  assert.equal(sum(counts, "inserted") - sum(counts, "deleted"), left.length);
  assert.equal(new Set(left).size, left.length);
  assert.equal([...created.map.entries!(0)].length, left.length);
  assert.equal(sum(counts, "torn"), 0);
});

test("threads on one LRU hash: never more than fits, never fewer than found", { timeout: 30_000 }, async (t) => {
  const created = makeMap(specOf(MapType.LRU_HASH, 4, 64, 8));
  const hammer = await start(t, created, "hash", 60_000);
  hammer.go();
  const counts = await hammer.done;
  assert.equal(sum(counts, "torn"), 0);
  // What is left is whole: it can be filled to the brim, and goes in the order of use.
  for (let key = 100; key < 108; key++) {
    assert.equal(created.map.update(u32(key), new Uint8Array(64), 1, 0), 0);
  }
  assert.deepEqual(keysOf(created.map).sort(), [100, 101, 102, 103, 104, 105, 106, 107]);
});

test(
  "threads produce in one ring, and the consumer sleeps on the bell: nothing is lost, nobody is forgotten",
  { timeout: 60_000 },
  async (t) => {
    const created = makeMap(specOf(MapType.RINGBUF, 0, 0, 8192));
    const ring = created.map.ring!;
    const hammer = await start(t, created, "ring", 40_000);
    const seen = { delivered: 0, discarded: 0 };
    const next = Array.from({ length: threads }, () => 0);
    const drain = (): void => {
      for (let record = consume(ring.memory); record !== undefined; record = consume(ring.memory)) {
        const view = new DataView(record.payload.buffer, record.payload.byteOffset);
        const [thread, number] = [view.getUint32(0, true), view.getUint32(4, true)];
        assert.ok(number >= next[thread]!, "each thread's records come in order");
        assert.ok(record.payload.subarray(8).every((byte) => byte === (number & 255)));
        next[thread] = number + 1;
        seen[record.discarded ? "discarded" : "delivered"]++;
      }
    };
    hammer.go();
    while (hammer.running() > 0) {
      const rung = Atomics.load(ring.bell, 0);
      drain();
      // The default wake-up is enough: whoever commits the record at which the consumer stands rings.
      if (hammer.running() > 0 && Atomics.wait(ring.bell, 0, rung, 5000) === "timed-out") {
        assert.equal(consume(ring.memory), undefined, "a wake-up was lost");
      }
    }
    drain();
    const counts = await hammer.done;
    assert.equal(seen.delivered, sum(counts, "submitted"));
    assert.equal(seen.discarded, sum(counts, "discarded"));
    assert.ok(seen.delivered > 1000 && seen.discarded > 100);
    assert.equal(ring.query(0n), 0n);
  },
);

test("threads drain one user ring: each sample goes to one of them, in order", { timeout: 60_000 }, async (t) => {
  const created = makeMap(specOf(MapType.USER_RINGBUF, 0, 0, 4096));
  const ring = created.map.userRing!;
  const hammer = await start(t, created, "drain", 0, 2);
  const samples = 100_000;
  hammer.go();
  for (let i = 0; i < samples; i++) {
    for (;;) {
      const rung = Atomics.load(ring.bell, 0);
      if (produce(ring.memory, u32(i))) {
        break;
      }
      assert.notEqual(Atomics.wait(ring.bell, 0, rung, 5000), "timed-out", "who waits for room is woken");
    }
  }
  hammer.end();
  const counts = await hammer.done;
  const all = counts.flatMap((one) => {
    assert.ok(one.samples.every((sample, i) => i === 0 || sample > one.samples[i - 1]!));
    return one.samples;
  });
  assert.equal(all.length, samples);
  assert.equal(new Set(all).size, samples);
});

for (const [name, type] of [
  ["queue", MapType.QUEUE],
  ["stack", MapType.STACK],
] as const) {
  test(`threads on one ${name}: each value goes to one of them, whole`, { timeout: 30_000 }, async (t) => {
    const created = makeMap(specOf(type, 0, 64, 8));
    const rounds = 40_000;
    const hammer = await start(t, created, "queue", rounds);
    hammer.go();
    const counts = await hammer.done;
    const popped = counts.flatMap(({ samples }) => samples);
    const pushed = sum(counts, "inserted");
    let left = 0;
    for (; created.map.take!(new Uint8Array(0)) !== undefined; left += 1);
    assert.equal(popped.length + left, pushed);
    assert.ok(pushed > 1000 && left <= 8);
    assert.equal(new Set(popped).size, popped.length);
    assert.equal(sum(counts, "torn"), 0);
    if (type === MapType.STACK) return;
    for (const { samples } of counts) {
      const last = Array.from({ length: threads }, () => -1);
      for (const sample of samples) {
        const thread = Math.floor(sample / rounds);
        assert.ok(sample > last[thread]!, "of what one thread pushed, another pops in that order");
        last[thread] = sample;
      }
    }
  });
}

test("a lock that nobody gives back is an error, not a hang", () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const lock = new SharedLock(words, 0, "map tested", 50);
  const alive = 1 << 30; // of a thread that nobody can tell the end of
  words[0] = alive;
  const message = "Cannot lock map tested: another thread has held its lock for 50 ms, and has not ended";
  assert.throws(() => lock.acquire(), { code: "FAULT", message });
  words[0] = 0;
  assert.equal(lock.acquire(), false);
  assert.equal(lock.acquire(), true, "left behind by an exception in this very thread");
  lock.release();
  assert.equal(lock.acquire(), false);
  lock.release();
  assert.equal(words[0], 0);
});
