import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { RingBuf } from "../../src/map/ring-buf.ts";
import { Pace } from "../../src/stream/pace.ts";
import { SimulatedEventRing } from "./simulated-ring.ts";

/** A ring whose traffic the test tells. */
function setUp(maxLatencyMs?: number) {
  const ring = { received: 0, fullness: 0 };
  const pace = new Pace({ received: () => ring.received, fullness: () => ring.fullness }, maxLatencyMs);
  /** So many records came in the milliseconds since `from`; the nap that follows. */
  const after = (records: number, now: number): number => {
    ring.received += records;
    return pace.nap(now);
  };
  return { ring, pace, after };
}

describe("Pace: when a loop naps", () => {
  it("from 2 million records a second on, 1 ms at a time, and not for the first look", () => {
    const { after } = setUp();
    assert.equal(after(1_000_000, 1000), 0);
    assert.equal(after(3999, 1002), 0);
    assert.equal(after(4000, 1004), 1);
  });

  it("until less comes", () => {
    const { after } = setUp();
    after(0, 1000);
    assert.equal(after(10_000, 1002), 1);
    assert.equal(after(100, 1003), 1, "a window is 2 ms");
    assert.equal(after(100, 1004), 0);
    assert.equal(after(0, 9000), 0);
  });

  it("with a bound of its own, from 64 records a nap on", () => {
    const { after } = setUp(8);
    after(0, 1000);
    assert.equal(after(79, 1010), 0);
    assert.equal(after(80, 1020), 8);
  });

  it("never, with a bound below a timer's millisecond", () => {
    for (const bound of [0, 0.9]) {
      const { after } = setUp(bound);
      after(0, 1000);
      assert.equal(after(1e9, 1002), 0);
    }
  });

  it("as long as the ring is a quarter full after it; not at all while 1 ms is too long", () => {
    const { ring, pace, after } = setUp(8);
    after(0, 1000);
    assert.equal(after(10_000, 1010), 8);
    ring.fullness = 1 / 2;
    pace.wake(1018);
    assert.equal(after(10_000, 1020), 4);
    ring.fullness = 1 / 16;
    pace.wake(1024);
    assert.equal(after(10_000, 1030), 8);
    ring.fullness = 1;
    pace.wake(1038);
    assert.equal(after(10_000, 1040), 2);
    pace.wake(1042);
    assert.equal(after(1_000_000, 1050), 0);
    assert.equal(after(10_000_000, 2050), 1, "a second later it is tried again");
  });
});

/** A ring of which also is told how much was read. */
function setUpBytes(maxLatencyMs?: number, size = 1 << 19) {
  const ring = { received: 0, fullness: 0, read: 0 };
  const bytes = { size, read: () => ring.read };
  const traffic = { received: () => ring.received, fullness: () => ring.fullness, bytes };
  const pace = new Pace(traffic, maxLatencyMs);
  /** So many records came, which take such a share of the ring. */
  const after = (records: number, share: number, now: number): number => {
    ring.received += records;
    ring.read += share * size;
    return pace.nap(now);
  };
  const wake = (fullness: number, now: number): void => {
    ring.fullness = fullness;
    pace.wake(now);
  };
  return { after, wake };
}

describe("Pace: brief naps, where several records come and the ring has room for many more", () => {
  it("from 50,000 records a second on, 4 ms at a time, until fewer come", () => {
    const { after } = setUpBytes();
    assert.equal(after(1_000_000, 0, 1000), 0, "a first look knows nothing");
    assert.equal(after(99, 0.001, 1002), 0);
    assert.equal(after(100, 0.001, 1004), 4);
    assert.equal(after(200, 0.002, 1006), 4);
    assert.equal(after(0, 0, 1008), 0);
    assert.equal(after(3000, 0.03, 9000), 0, "a burst after silence is no rate");
  });

  it("shorter, or none, where the most that came lately would fill more than a 32nd of the ring, or an eighth of a large one", () => {
    for (const [size, perMs] of [
      [1 << 19, 1 / 32],
      [1 << 20, 1 / 32],
      [1 << 21, 1 / 8],
    ] as const) {
      assert.equal(steady(size, perMs / 4), 4);
      assert.equal(steady(size, perMs / 4 + 0.0001), 3);
      assert.equal(steady(size, perMs / 2), 2);
      assert.equal(steady(size, perMs / 2 + 0.001), 1);
      assert.equal(steady(size, perMs), 1);
      assert.equal(steady(size, perMs + 0.001), 0);
    }

    function steady(size: number, share: number): number {
      const { after } = setUpBytes(undefined, size);
      after(0, 0, 1024);
      return after(200, 2 * share, 1026);
    }
  });

  it("not for 5 seconds after a burst, whether it came in a nap or beside it", () => {
    for (const burst of ["in a nap", "beside it"]) {
      const { after, wake } = setUpBytes();
      after(0, 0, 1000);
      assert.equal(after(200, 0.001, 1002), 4);
      if (burst === "in a nap") wake(0.2, 1004);
      assert.equal(after(200, burst === "in a nap" ? 0.001 : 0.2, 1004), 0);
      let now = 1006;
      for (; now < 6000; now += 2) assert.equal(after(200, 0.001, now), 0, `${now}`);
      for (; now < 11_100; now += 2) after(200, 0.001, now);
      assert.equal(after(200, 0.001, now), 4, "then it is forgotten");
    }
  });

  it("lose nothing in a burst of 30 times the most that came lately, whatever came before", () => {
    const step = fc.record({
      share: fc.double({ min: 0, max: 0.1, noNaN: true }),
      ms: fc.integer({ min: 2, max: 900 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const { after } = setUpBytes();
        after(0, 0, 1000);
        let [now, most] = [1000, 0];
        for (const { share, ms } of steps) {
          now += ms;
          if (now > 5000) return;
          most = Math.max(most, share / ms);
          const nap = after(100 * ms, share, now);
          assert.ok(nap <= 4);
          assert.ok(nap * 30 * most <= 1);
        }
      }),
    );
  });

  it("not with a bound that somebody asked for, which has its own rule", () => {
    for (const bound of [0, 1]) {
      const { after } = setUpBytes(bound);
      after(0, 0, 1000);
      assert.equal(after(120, 0.001, 1002), 0);
    }
  });
});

describe("A loop that naps", () => {
  it("loses no record, whatever the floods and pauses", async () => {
    const burst = fc.record({ records: fc.nat({ max: 400 }), pause: fc.constantFrom(0, 0, 0, 1, 3) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(burst, { maxLength: 30 }),
        fc.constantFrom(undefined, 1, 5),
        fc.constantFrom("events", "batches"),
        async (bursts, bound, way) => {
          const other = new SimulatedEventRing(1 << 20);
          using ring = new RingBuf<number>({
            name: "events",
            ring: other,
            decode: (view, at) => view.getUint32(at, true),
          });
          let made = 0;
          const flood = async (): Promise<void> => {
            for (const { records, pause } of bursts) {
              for (let i = 0; i < records; i++) other.emit(made++);
              if (pause === 0) await new Promise(setImmediate);
              else await sleep(pause);
            }
          };
          const wakeup = bound === undefined ? ("event" as const) : { maxLatencyMs: bound };
          let next = 0;
          const options = { until: flood(), wakeup };
          if (way === "events") for await (const event of ring.events(options)) assert.equal(event, next++);
          else
            for await (const batch of ring.batches(options))
              for (const record of batch) assert.equal(record.u32(0), next++);
          assert.equal(next, made);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("hands out a record no later than the bound that was asked for", async () => {
    for (const bound of [1, 5, 20]) {
      const other = new SimulatedEventRing(1 << 20);
      using ring = new RingBuf<number>({ name: "events", ring: other, decode: (view, at) => view.getUint32(at, true) });
      let seen = 0;
      let made = 0;
      let late = 0;
      const emit = (): number => {
        other.emit(made);
        return (made += 1);
      };
      const traffic = async (): Promise<void> => {
        for (let round = 0; round < 20; round++) {
          for (let turn = 0; turn < 10; turn++) {
            for (let i = 0; i < 200; i++) emit();
            await sleep(1);
          }
          const last = emit();
          // A nap that began before this timer, and is shorter, ends before it, however late both are; and what it began to read, it reads in this turn.
          await sleep(bound + 1);
          await new Promise(setImmediate);
          if (seen < last) late += 1;
        }
      };
      for await (const batch of ring.batches({ until: traffic(), wakeup: { maxLatencyMs: bound } }))
        for (const _ of batch) seen += 1;
      assert.deepEqual({ bound, late, seen }, { bound, late: 0, seen: made });
    }
  });

  it("is left by close(), an abort and `until`, as one that sleeps is", async () => {
    for (const leave of ["close", "abort", "until"] as const) {
      const other = new SimulatedEventRing(1 << 14);
      using ring = new RingBuf<number>({ name: "events", ring: other, decode: (view, at) => view.getUint32(at, true) });
      const abort = new AbortController();
      let end = (): void => {};
      const until = new Promise<void>((resolve) => (end = resolve));
      const reason = new Error("enough");
      let seen = 0;
      const flood = setInterval(() => {
        for (let i = 0; i < 200; i++) other.emit(i);
        if (seen < 2000) return;
        clearInterval(flood);
        if (leave === "close") ring.close();
        else if (leave === "abort") abort.abort(reason);
        else end();
      }, 1);
      const loop = (async () => {
        for await (const _ of ring.events({ until, signal: abort.signal, wakeup: { maxLatencyMs: 3 } })) seen += 1;
      })();
      if (leave === "abort") await assert.rejects(loop, reason);
      else await loop;
    }
  });
});
