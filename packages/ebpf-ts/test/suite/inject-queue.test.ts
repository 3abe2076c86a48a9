import assert from "node:assert/strict";
import { it } from "node:test";
import type { RingBuf } from "../../src/map/ring-buf.ts";
import { fixture, onEachEngine } from "./fixture.ts";

interface Event {
  source: number;
  number: number;
  begin: bigint;
}

function event(number: number): Event {
  return { source: 0, number, begin: 0n };
}

function taken(ring: RingBuf<unknown>): number[] {
  const numbers: number[] = [];
  ring.drain((record) => void numbers.push(record.u32(4)));
  return numbers;
}

/** Fills it up to what is left for programs; gives how many that are. */
function fill(ring: RingBuf<Event>): Promise<number> {
  return ring.injectMany(Array.from({ length: 300 }, (_, i) => event(i)));
}

onEachEngine("injection: one behind another", (engine) => {
  it("values that inject while they are read come behind their own call", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    await ring.inject(event(0));
    let inner: Promise<void> | undefined;
    function* values(): Generator<Event> {
      yield event(1);
      inner = ring.inject(event(4));
      yield event(2);
      yield event(3);
    }
    assert.equal(await ring.injectMany(values()), 3);
    await inner;
    assert.deepEqual(taken(ring), [0, 1, 2, 3, 4]);
    assert.equal(ring.injected, 5);
  });

  it("each waits for its turn no longer than it may", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const filled = await fill(ring);
    const first = ring.inject(event(1000), { wait: true });
    const abort = new AbortController();
    const aborted = ring.inject(event(1001), { wait: true, signal: abort.signal });
    const late = ring.inject(event(1002), { wait: true, timeoutMs: 20 });
    const last = ring.inject(event(1003), { wait: true });
    await assert.rejects(ring.inject(event(1004)), { code: "NO_SPACE" });
    assert.equal(await ring.injectMany([event(1005)]), 0);
    abort.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    await assert.rejects(late, { code: "NO_SPACE" });
    assert.equal(taken(ring).length, filled);
    await Promise.all([first, last]);
    assert.deepEqual(taken(ring), [1000, 1003]);
  });

  it("one that does not wait ends when one before it begins to, and all end with the ring", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("small");
    const first = ring.injectMany(
      Array.from({ length: 300 }, (_, i) => event(i)),
      { wait: true },
    );
    const impatient = ring.inject(event(300));
    const second = ring.inject(event(301), { wait: true, timeoutMs: 1e12 });
    await assert.rejects(impatient, { code: "NO_SPACE" });
    ring.close();
    await assert.rejects(first, { code: "CLOSED" });
    await assert.rejects(second, { code: "CLOSED" });
  });
});
