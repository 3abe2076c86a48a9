import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EbpfError } from "../../src/base/errors.ts";
import { RingBuf } from "../../src/map/ring-buf.ts";
import type { EventsOptions } from "../../src/stream/record-stream.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { SimulatedEventRing } from "./simulated-ring.ts";

function setUp(size?: number) {
  const other = new SimulatedEventRing(size);
  const ring = new RingBuf<number>({
    name: "events",
    ring: other,
    decode: (view, offset) => view.getUint32(offset, true),
  });
  return { other, ring };
}

async function collect(ring: RingBuf<number>, options?: EventsOptions): Promise<number[]> {
  const seen: number[] = [];
  for await (const event of ring.events(options)) seen.push(event);
  return seen;
}

function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Records: more than anybody reads in three turns of a thread, on whatever machine. */
const endless = 20_000_000;

describe("RingBuf: the events", () => {
  it("are those that were there, then those to come", async () => {
    const { other, ring } = setUp();
    other.emit(1, 2, 3);
    setTimeout(() => other.emit(4), 5);
    setTimeout(() => other.emit(5), 10);
    const seen: number[] = [];
    for await (const event of ring) {
      seen.push(event);
      assert.equal(ring.received, seen.length);
      if (seen.length === 5) break;
    }
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  });

  it("stay in the ring when the loop is left, for the next one", async () => {
    const { other, ring } = setUp();
    other.emit(...numbers(100));
    for (const first of [0, 1, 2]) {
      for await (const event of ring) {
        assert.equal(event, first);
        break;
      }
    }
    assert.equal(ring.received, 3);
    assert.equal(other.memory.consumer[0], 48n, "given back when the loop was left");
    assert.equal(ring.available, 97 * 16);
    assert.equal((await collect(ring, { until: Promise.resolve() })).length, 97);
    assert.equal(ring.consumerPosition, ring.producerPosition);
  });

  it("are bytes of their own when there is no decoder", async () => {
    const other = new SimulatedEventRing();
    const ring = new RingBuf<Uint8Array>({ name: "events", ring: other });
    other.emit(7);
    for await (const bytes of ring) {
      other.memory.data.fill(0xff);
      assert.deepEqual(bytes, Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0));
      break;
    }
  });

  it("hold up the producer when the loop is slow: nothing is read ahead", async () => {
    const { other, ring } = setUp(256);
    let emitted = 0;
    const fill = (): void => {
      for (let record = other.kernel.reserve(8); record !== undefined; record = other.kernel.reserve(8)) {
        new DataView(other.memory.data.buffer, other.memory.data.byteOffset).setUint32(record.offset, emitted, true);
        other.commit(record);
        emitted += 1;
      }
    };
    let seen = 0;
    fill();
    for await (const event of ring) {
      assert.equal(event, seen);
      seen += 1;
      await sleep(1);
      fill();
      assert.ok(emitted - seen >= 14 && emitted - seen <= 16, `${emitted - seen} wait of 16`);
      if (seen === 20) break;
    }
  });

  it("skip what was discarded", async () => {
    const { other, ring } = setUp();
    other.emit(1);
    other.commit(other.reserve(2), true);
    other.emit(3);
    assert.deepEqual(await collect(ring, { until: Promise.resolve() }), [1, 3]);
    assert.equal(ring.discarded, 1);
  });

  it("wait for the record at the head to be committed, also when nobody rings", async () => {
    const { other, ring } = setUp();
    const late = other.reserve(1);
    other.emit(2);
    let looks = 0;
    const holds = other.holds.bind(other);
    other.holds = () => ((looks += 1), holds());
    setTimeout(() => other.kernel.commit(late), 60);
    const seen: number[] = [];
    const start = performance.now();
    for await (const event of ring) {
      seen.push(event);
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, [1, 2]);
    assert.ok(performance.now() - start >= 55);
    assert.ok(looks <= 2, `the bell, which rings for a busy record too, was asked ${looks} times`);
  });

  it("answer several calls of next() in their order", async () => {
    const { other, ring } = setUp();
    const events = ring.events();
    const pending = [events.next(), events.next(), events.next()];
    setTimeout(() => other.emit(1, 2), 5);
    void pending[1]!.then(() => ring.close());
    assert.deepEqual(await Promise.all(pending), [
      { value: 1, done: false },
      { value: 2, done: false },
      { value: undefined, done: true },
    ]);
  });

  it("in a flood leave timers their turn", async () => {
    const { other, ring } = setUp(1 << 16);
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    let seen = 0;
    other.emit(0);
    for await (const event of ring) {
      assert.equal(event, seen);
      seen += 1;
      other.emit(seen);
      if (ticks === 3 || seen === endless) break;
    }
    clearInterval(timer);
    assert.equal(ticks, 3, `${ticks} ticks while ${seen} records were read`);
  });

  it("a flood of discarded records leaves timers their turn too", async () => {
    const { other, ring } = setUp(1 << 16);
    const seen = collect(ring, { until: sleep(50) });
    const flood = setInterval(() => {
      while (ring.available < 60_000) other.commit(other.reserve(0), true);
    }, 0);
    assert.deepEqual(await seen, []);
    clearInterval(flood);
    assert.ok(ring.discarded > 4000);
  });
});

describe("RingBuf: how an iteration ends", () => {
  it("with `until`, after the records that were there then, also in a flood", async () => {
    const { other, ring } = setUp();
    other.emit(...numbers(10));
    const seen: number[] = [];
    let settle = (): void => {};
    const until = new Promise<void>((resolve) => (settle = resolve));
    for await (const event of ring.events({ until })) {
      seen.push(event);
      other.emit(100 + event);
      if (seen.length === 5) settle();
    }
    assert.deepEqual(seen, [...numbers(10), ...numbers(5, 100)]);
    assert.equal(ring.available, 10 * 16);
  });

  it("with `until` while it waits, and with one that fails", async () => {
    const { ring } = setUp();
    assert.deepEqual(await collect(ring, { until: sleep(10) }), []);
    assert.deepEqual(await collect(ring, { until: sleep(10).then(() => Promise.reject(new Error("no"))) }), []);
  });

  it("and are let go of then by an `until` that is never settled", async () => {
    const { other, ring } = setUp();
    const until = new Promise<void>(() => {});
    const loops: WeakRef<object>[] = [];
    for (let time = 0; time < 100; time += 1) {
      other.emit(time);
      const loop = ring.events({ until });
      await loop.next();
      await loop.return?.();
      loops.push(new WeakRef(loop));
    }
    await sleep(0); // what a turn has seen, it holds
    collectGarbage();
    const kept = loops.filter((loop) => loop.deref() !== undefined);
    assert.ok(kept.length < 10, `${kept.length} of 100`);
  });

  it("with `until`, though the record at the head is never committed", async () => {
    const { other, ring } = setUp();
    other.reserve(1);
    other.emit(2);
    assert.deepEqual(await collect(ring, { until: Promise.resolve() }), []);
    assert.equal(ring.available, 32);
  });

  it("with the reason of its signal: while it waits, between, before", async () => {
    const { other, ring } = setUp();
    const reason = new Error("enough");
    await assert.rejects(collect(ring, { signal: AbortSignal.abort(reason) }), reason);
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(reason), 5);
    await assert.rejects(collect(ring, { signal: waiting.signal }), reason);
    const between = new AbortController();
    other.emit(1, 2);
    const events = ring.events({ signal: between.signal });
    assert.equal((await events.next()).value, 1);
    between.abort(reason);
    await assert.rejects(events.next(), reason);
    assert.deepEqual(await events.next(), { value: undefined, done: true });
    assert.deepEqual(await collect(ring, { until: Promise.resolve() }), [2], "what was not asked for is still there");
  });

  it("with close(), which is final", async () => {
    const { other, ring } = setUp();
    setTimeout(() => ring.close(), 5);
    assert.deepEqual(await collect(ring), []);
    ring.close();
    other.emit(1);
    assert.throws(() => ring.events(), { code: "CLOSED", message: "Cannot read ring events: it is closed" });
    assert.throws(() => ring.drain(() => {}), { code: "CLOSED" });
    assert.equal(ring.received, 0);
    assert.equal(other.bellsOpen, 0);
  });

  it("with the error of a decoder: the record is consumed, a new iteration goes on behind it", async () => {
    const other = new SimulatedEventRing();
    const decode = (view: DataView, offset: number): number => {
      if (view.getUint32(offset, true) === 2) throw new EbpfError("BAD_VALUE", "Cannot decode this");
      return view.getUint32(offset, true);
    };
    const ring = new RingBuf<number>({ name: "events", ring: other, decode });
    other.emit(1, 2, 3);
    await assert.rejects(collect(ring), { code: "BAD_VALUE" });
    assert.equal(ring.received, 2);
    assert.deepEqual(await collect(ring, { until: Promise.resolve() }), [3]);
    const waiting = collect(ring);
    setTimeout(() => other.emit(2), 5);
    await assert.rejects(waiting, { code: "BAD_VALUE" });
  });

  it("with BAD_RING, also when it waits", async () => {
    const { other, ring } = setUp();
    const waiting = collect(ring);
    await sleep(5);
    Atomics.store(other.memory.producer, 0, 12n);
    other.wake();
    await assert.rejects(waiting, { code: "BAD_RING" });
    await assert.rejects(collect(ring, { until: Promise.resolve() }), { code: "BAD_RING" });
  });

  it("keeps one bell over many iterations, and none that is armed for nobody", async () => {
    const { other, ring } = setUp();
    for (let turn = 0; turn < 5; turn += 1) {
      setTimeout(() => other.emit(turn), 2);
      for await (const _ of ring) break;
    }
    assert.equal(other.bellsMade, 1);
    await collect(ring, { until: sleep(2) });
    assert.equal(other.bellsOpen, 0);
  });
});

describe("RingBuf: one consumer at a time", () => {
  it("refuses a second iteration, and a drain, until the first has ended", async () => {
    const { other, ring } = setUp();
    const first = ring.events();
    const pending = first.next();
    await assert.rejects(collect(ring), { code: "BUSY", message: /consumer already/ });
    assert.throws(() => ring.drain(() => {}), { code: "BUSY" });
    other.emit(1);
    assert.equal((await pending).value, 1);
    await first.return();
    other.emit(2);
    assert.equal(ring.drain(() => {}).delivered, 1);
  });

  it("the owner of a ring that was lent to workers is told that, until it is given back", () => {
    const { other, ring } = setUp();
    const loan = ring.lend(() => {});
    assert.throws(() => ring.drain(() => {}), { code: "BUSY", message: /is lent to worker threads/ });
    loan.release();
    other.emit(1);
    assert.equal(ring.drain(() => {}).delivered, 1);
  });

  it("an iterator that was never started is in nobody's way", async () => {
    const { other, ring } = setUp();
    ring.events();
    other.emit(1);
    assert.deepEqual(await collect(ring, { until: Promise.resolve() }), [1]);
  });
});

describe("RingBuf: drain", () => {
  it("hands out a view of each record that is there", () => {
    const { other, ring } = setUp();
    other.emit(1, 2, 3);
    const seen: number[] = [];
    const result = ring.drain((record) => {
      assert.equal(record.length, 8);
      seen.push(record.u32(0));
      if (seen.length === 1) other.emit(4);
    });
    assert.deepEqual(seen, [1, 2, 3]);
    assert.deepEqual(result, { delivered: 3, discarded: 0, state: "limit" });
    assert.equal(ring.drain((record) => record.u32(0) !== 4).state, "stopped");
    assert.equal(ring.received, 4);
  });

  it("the view ends at its record, and has nothing after the drain", () => {
    const { other, ring } = setUp();
    other.emit(0x8070_6050);
    let kept: Parameters<Parameters<typeof ring.drain>[0]>[0] | undefined;
    ring.drain((record) => {
      kept = record;
      assert.deepEqual(
        [
          record.u8(0),
          record.i8(3),
          record.u16(0),
          record.i16(2),
          record.u32(0),
          record.i32(0),
          record.u64(0),
          record.i64(0),
        ],
        [0x50, -128, 0x6050, -32656, 0x8070_6050, 0x8070_6050 | 0, 0x8070_6050n, 0x8070_6050n],
      );
      assert.equal(record.f32(4), 0);
      assert.equal(record.f64(0), new DataView(record.bytes().buffer).getFloat64(0, true));
      for (const wrong of [5, 8, -1, 0.5, Number.NaN, 2 ** 32]) assert.throws(() => record.u32(wrong), RangeError);
      const target = new Uint8Array(10);
      assert.equal(record.copyInto(target, 2), 8);
      assert.deepEqual(target.subarray(2), record.bytes());
      assert.throws(() => record.copyInto(target, 3), RangeError);
    });
    assert.equal(kept!.length, 0);
    assert.throws(() => kept!.u8(0), RangeError);
  });

  it("takes at most `max`, and may be left by throwing", () => {
    const { other, ring } = setUp();
    other.emit(...numbers(10));
    assert.deepEqual(
      ring.drain(() => {}, { max: 4 }),
      { delivered: 4, discarded: 0, state: "limit" },
    );
    assert.throws(() => ring.drain(() => assert.fail("mine")), /mine/);
    assert.equal(ring.drain(() => {}).delivered, 5);
  });

  it("may close the ring from within", () => {
    const { other, ring } = setUp();
    other.emit(1, 2);
    assert.equal(ring.drain(() => ring.close()).delivered, 1);
    assert.equal(other.memory.consumer[0], 16n);
  });
});
