import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RingBuf } from "../../src/map/ring-buf.ts";
import { merge } from "../../src/stream/merge.ts";
import { SimulatedEventRing } from "./simulated-ring.ts";

function rings(count: number): { other: SimulatedEventRing; ring: RingBuf<number> }[] {
  return Array.from({ length: count }, () => {
    const other = new SimulatedEventRing();
    return {
      other,
      ring: new RingBuf<number>({
        name: "events",
        ring: other,
        decode: (view, offset) => view.getUint32(offset, true),
      }),
    };
  });
}

describe("merge", () => {
  it("gives everything of all, each in its order, and none is starved", async () => {
    const [a, b] = rings(2) as [ReturnType<typeof rings>[0], ReturnType<typeof rings>[0]];
    for (let i = 0; i < 100; i += 1) {
      a.other.emit(i);
      b.other.emit(1000 + i);
    }
    const until = new Promise((resolve) => setTimeout(resolve, 20));
    const seen: number[] = [];
    for await (const event of merge([a.ring.events({ until }), b.ring.events({ until })])) seen.push(event);
    assert.equal(seen.length, 200);
    assert.deepEqual(
      seen.filter((event) => event < 1000),
      Array.from({ length: 100 }, (_, i) => i),
    );
    assert.deepEqual(
      seen.filter((event) => event >= 1000),
      Array.from({ length: 100 }, (_, i) => 1000 + i),
    );
    assert.ok(seen.slice(0, 20).some((event) => event >= 1000) && seen.slice(0, 20).some((event) => event < 1000));
  });

  it("gives what comes, whoever it comes from", async () => {
    const all = rings(3);
    const seen: number[] = [];
    const order = [2, 0, 1, 1, 2, 0];
    // Each comes when the one before it was seen: two at a time would come in either order.
    const emit = (i: number): void => void setTimeout(() => all[order[i]!]!.other.emit(i), 4);
    emit(0);
    for await (const event of merge(all.map(({ ring }) => ring))) {
      seen.push(event);
      if (seen.length === order.length) break;
      emit(seen.length);
    }
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
    // Leaving the loop ended the iterations of all rings.
    for (const { ring } of all) ring.drain(() => {});
  });

  it("of nothing ends at once", async () => {
    for await (const _ of merge([])) assert.fail();
  });

  it("fails when one fails, after what had arrived, and closes the others", async () => {
    const [a, b] = rings(2) as [ReturnType<typeof rings>[0], ReturnType<typeof rings>[0]];
    a.other.emit(1);
    Atomics.store(b.other.memory.producer, 0, 4n);
    const events = merge([a.ring, b.ring]);
    assert.deepEqual(await events.next(), { value: 1, done: false });
    await assert.rejects(events.next(), { code: "BAD_RING" });
    assert.deepEqual(await events.next(), { value: undefined, done: true });
    a.ring.drain(() => {});
  });

  it("return() ends those who wait", async () => {
    const [a] = rings(1) as [ReturnType<typeof rings>[0]];
    const events = merge([a.ring]);
    const pending = events.next();
    await events.return?.();
    assert.deepEqual(await pending, { value: undefined, done: true });
    a.ring.drain(() => {});
  });
});
