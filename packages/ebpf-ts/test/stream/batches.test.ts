import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { RingBuf } from "../../src/map/ring-buf.ts";
import type { RecordBatch } from "../../src/stream/record-batch.ts";
import type { EventsOptions } from "../../src/stream/record-stream.ts";
import { SimulatedEventRing } from "./simulated-ring.ts";

const settled: PromiseLike<unknown> = Promise.resolve();

function setUp(size?: number) {
  const other = new SimulatedEventRing(size);
  const ring = new RingBuf<number>({
    name: "events",
    ring: other,
    decode: (view, offset) => view.getUint32(offset, true) * 10,
  });
  return { other, ring };
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function raw(batch: RecordBatch<number>): number[] {
  const seen: number[] = [];
  for (const record of batch) seen.push(record.u32(0));
  return seen;
}

async function collect(ring: RingBuf<number>, options: EventsOptions = { until: settled }): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const batch of ring.batches(options)) batches.push(raw(batch));
  return batches;
}

describe("RingBuf.batches: what is in them", () => {
  it("every record once, in order, about 1/32 of the ring at a time", async () => {
    const { other, ring } = setUp(1 << 16);
    other.emit(...numbers(3000));
    const batches = await collect(ring);
    assert.deepEqual(batches.flat(), numbers(3000));
    for (const batch of batches.slice(0, -1)) assert.equal(batch.length, (1 << 16) / 32 / 16);
    assert.equal(ring.received, 3000);
    assert.equal(ring.available, 0);
  });

  it("their length counts what is to be handed out, discarded records are passed", async () => {
    const { other, ring } = setUp(1 << 16);
    for (const number of numbers(10)) other.commit(other.reserve(number), number % 2 === 0);
    for await (const batch of ring.batches()) {
      assert.equal(batch.length, 5);
      for (const record of batch) {
        assert.equal(record.u32(0), 1);
        break;
      }
      assert.equal(batch.length, 4);
      assert.deepEqual(raw(batch), [3, 5, 7, 9]);
      assert.equal(batch.length, 0);
      break;
    }
    assert.equal(ring.discarded, 5);
    for (const number of numbers(2000)) other.commit(other.reserve(number), true);
    assert.deepEqual(await collect(ring), []);
    assert.equal(ring.discarded, 2005);
  });

  it("decoded events, also after some records were read raw", async () => {
    const { other, ring } = setUp();
    other.emit(1, 2, 3);
    for await (const batch of ring.batches()) {
      for (const record of batch) {
        assert.equal(record.u32(0), 1);
        break;
      }
      assert.deepEqual([...batch.events()], [20, 30]);
      break;
    }
  });

  it("say when the ring is empty behind them", async () => {
    const { other, ring } = setUp();
    other.emit(1, 2);
    const seen: boolean[] = [];
    for await (const batch of ring.batches()) {
      for (const _ of batch) seen.push(batch.nowEmpty);
      other.emit(3);
      seen.push(batch.nowEmpty);
      break;
    }
    assert.deepEqual(seen, [false, true, false]);
  });

  it("what is left unread stays in the ring, and comes first in the next batch", async () => {
    const { other, ring } = setUp();
    other.emit(1, 2, 3);
    let turns = 0;
    for await (const batch of ring.batches()) {
      for (const record of batch) {
        turns += 1;
        assert.equal(record.u32(0), turns);
        break;
      }
      if (turns === 2) break;
    }
    assert.equal(ring.received, 2);
    assert.equal(other.memory.consumer[0], 32n, "the loop gave back what it read");
    assert.deepEqual(await collect(ring), [[3]]);
  });

  it("after a record that is not committed comes nothing, until it is", async () => {
    const { other, ring } = setUp();
    other.emit(1);
    const late = other.reserve(2);
    other.emit(3);
    setTimeout(() => other.commit(late), 10);
    const seen: number[][] = [];
    for await (const batch of ring.batches()) if (seen.push(raw(batch)) === 2) break;
    assert.deepEqual(seen, [[1], [2, 3]]);
  });
});

describe("RingBuf.batches: how long they last", () => {
  it("a batch is over when the loop goes on, and when it ends", async () => {
    const { other, ring } = setUp(1 << 16);
    other.emit(...numbers(300));
    const kept: RecordBatch<number>[] = [];
    for await (const batch of ring.batches()) {
      for (const old of kept) {
        assert.equal(old.length, 0);
        assert.throws(() => raw(old), { code: "CLOSED", message: /the loop over batches has gone on, or ended/ });
      }
      if (kept.push(batch) === 2) break;
      raw(batch);
    }
    for (const batch of kept) assert.throws(() => [...batch.events()], { code: "CLOSED" });
    assert.equal(ring.available, (300 - 128) * 16);
  });

  it("the record is empty between batches", async () => {
    const { other, ring } = setUp();
    other.emit(1);
    let kept: { readonly length: number } | undefined;
    for await (const batch of ring.batches()) {
      for (const record of batch) kept = record;
      assert.equal(kept?.length, 0, "after the last one");
      break;
    }
  });

  it("a closed ring says so in the middle of a batch", async () => {
    const { other, ring } = setUp();
    other.emit(1, 2);
    for await (const batch of ring.batches()) {
      const records = batch[Symbol.iterator]();
      assert.equal(records.next().value.u32(0), 1);
      ring.close();
      assert.throws(() => records.next(), { code: "CLOSED" });
    }
  });

  it("space is given back per batch, not per record", async () => {
    const { other, ring } = setUp(1 << 16);
    while (other.kernel.reserve(8) !== undefined);
    const headers = new Int32Array(other.memory.data.buffer, other.memory.data.byteOffset, (1 << 16) / 4);
    for (let at = 0; at < headers.length; at += 4) headers[at] = 8;
    const published = new Set<bigint>();
    for await (const batch of ring.batches({ until: settled })) {
      for (const _ of batch) published.add(Atomics.load(other.memory.consumer, 0));
    }
    assert.ok(published.size <= 33, `${published.size} positions for ${ring.received} records`);
  });
});

/** Records: more than anybody reads in twenty turns of a thread, on whatever machine. */
const endless = 200_000_000;

describe("RingBuf.batches: sleep and turn", () => {
  it("a flood leaves timers their turn, at least every 10 ms of reading", async () => {
    const { other, ring } = setUp(1 << 16);
    // Of this process: others may have the processor meanwhile.
    let last = process.cpuUsage();
    let longest = 0;
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
      const { user, system } = process.cpuUsage(last);
      longest = Math.max(longest, (user + system) / 1000);
      last = process.cpuUsage();
    }, 1);
    let seen = 0;
    other.emit(...numbers(64));
    for await (const batch of ring.batches()) {
      const { length } = batch;
      seen += length;
      raw(batch);
      other.emit(...numbers(length));
      if (ticks === 20 || seen > endless) break;
    }
    clearInterval(timer);
    assert.equal(ticks, 20, `${ticks} ticks while ${seen} records were read`);
    assert.ok(longest < 150, `a timer of 1 ms waited for ${longest} ms of the processor`);
  });

  it("a loop that reads nothing leaves timers their turn too", async () => {
    const { other, ring } = setUp();
    other.emit(1);
    let over = false;
    setTimeout(() => (over = true), 5);
    for await (const _ of ring.batches()) if (over) break;
    assert.deepEqual(await collect(ring), [[1]]);
  });

  it("ends with its signal and with close(), as events() does", async () => {
    const { ring } = setUp();
    const reason = new Error("enough");
    await assert.rejects(collect(ring, { signal: AbortSignal.abort(reason) }), reason);
    const waiting = collect(ring, {});
    await assert.rejects(collect(ring), { code: "BUSY" });
    setTimeout(() => ring.close(), 5);
    assert.deepEqual(await waiting, []);
  });
});

describe("RingBuf: looking by the clock", () => {
  for (const intervalMs of [0, 3]) {
    it(`every ${intervalMs} ms, records are found that wake nobody`, async () => {
      const { other, ring } = setUp();
      const quiet = (number: number): void => void other.kernel.commit(other.reserve(number));
      quiet(1);
      setTimeout(() => quiet(2), 10);
      setTimeout(() => quiet(3), 20);
      const seen: number[] = [];
      for await (const event of ring.events({ wakeup: { intervalMs } })) if (seen.push(event) === 3) break;
      assert.deepEqual(seen, [10, 20, 30]);
      assert.equal(other.bellsMade, 0);
    });
  }

  it("waits that long when the ring is empty, and ends at once when it is told to", async () => {
    const { other, ring } = setUp();
    const start = performance.now();
    setTimeout(() => void other.kernel.commit(other.reserve(1)), 1);
    for await (const batch of ring.batches({ wakeup: { intervalMs: 40 } })) {
      assert.deepEqual(raw(batch), [1]);
      break;
    }
    assert.ok(performance.now() - start >= 39);
    const began = performance.now();
    assert.deepEqual(await collect(ring, { wakeup: { intervalMs: 60_000 }, until: sleep(5) }), []);
    assert.ok(performance.now() - began < 30_000);
  });

  it("with a record at the head that is never committed, `until` ends it", async () => {
    const { other, ring } = setUp();
    other.reserve(1);
    assert.deepEqual(await collect(ring, { wakeup: { intervalMs: 1 }, until: settled }), []);
  });

  it("refuses intervals that are none", () => {
    const { ring } = setUp();
    for (const intervalMs of [-1, Number.NaN, 2 ** 31, Infinity]) {
      assert.throws(() => ring.batches({ wakeup: { intervalMs } }), RangeError);
    }
  });
});
