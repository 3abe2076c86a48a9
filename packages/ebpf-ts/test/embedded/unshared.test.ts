import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { NotSupportedError } from "../../src/base/errors.ts";
import { isShared, threadsShare } from "../../src/base/shared-bytes.ts";
import { fixture } from "../suite/fixture.ts";

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Whatever was put off until after the current task is done. */
async function nextTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What a page lacks that is not cross-origin isolated. */
describe("a host without SharedArrayBuffer", () => {
  const { SharedArrayBuffer: Constructor } = globalThis;
  before(() => void Reflect.deleteProperty(globalThis, "SharedArrayBuffer"));
  after(() => void Object.assign(globalThis, { SharedArrayBuffer: Constructor }));

  it("has memory of its own", async () => {
    assert.equal(threadsShare(), false);
    await using loaded = await fixture("embedded", "ring");
    assert.equal(isShared(loaded.ring("events").memory.data.buffer), false);
  });

  it("runs programs, and reads their events in a loop that sleeps", async () => {
    await using loaded = await fixture("embedded", "ring");
    const ring = loaded.bpf.ringBuf<{ value: bigint }>("events");
    const next = ring[Symbol.asyncIterator]();
    for (const value of [5n, 6n]) {
      const event = next.next();
      await loaded.call("reserve_8", { value });
      assert.deepEqual((await event).value, { value });
    }
  });

  it("sends samples, drains them, and tells who waits for room", async () => {
    await using loaded = await fixture("embedded", "user-ring");
    const ring = loaded.bpf.userRingBuf("samples");
    const bytes = new Uint8Array(40);
    while (ring.trySend(bytes));
    const room = ring.reserveWhenFree(40);
    const { result } = await loaded.call("drain_count");
    assert.equal(result, BigInt(ring.sent));
    (await room).discard();
  });

  it("rings every bell of a ring, once for each arming, and none that was closed", async () => {
    await using loaded = await fixture("embedded", "ring");
    const { memory } = loaded.ring("events");
    const rung: string[] = [];
    const rings = ["one", "two", "closed"].map((name) => {
      const { promise, resolve } = withResolver();
      const bell = loaded.ring("events").bell(() => (rung.push(name), resolve()));
      bell.arm();
      return { bell, promise };
    });
    rings[2]!.bell.close();
    await Promise.all(rings.slice(0, 2).map(({ promise }) => promise));
    assert.deepEqual(rung, ["one", "two"], "who closes a bell lets the others look again");
    for (const { bell } of rings.slice(0, 2)) bell.arm();
    await loaded.call("reserve_8", { value: 1n });
    await nextTurns();
    assert.deepEqual(rung, ["one", "two", "one", "two"]);
    Atomics.store(memory.consumer, 0, Atomics.load(memory.producer, 0));
    await loaded.call("reserve_8", { value: 2n });
    await nextTurns();
    assert.equal(rung.length, 4, "nobody waits");
    for (const { bell } of rings) bell.close();
  });

  it("counts with programs in live memory", async () => {
    await using loaded = await fixture("embedded", "memory");
    const counters = loaded.bpf.map<number, bigint>("counters").memory();
    await loaded.call("touch", { key: 3, value: 4n });
    assert.equal(counters.add(3, 1), 4n);
    assert.equal(counters.get(3), 5n);
  });

  it("names what is missing where threads are asked for, and where one would block", async () => {
    await using loaded = await fixture("embedded", "ring");
    const ring = loaded.bpf.ringBuf("events");
    const isolation = (error: unknown): boolean =>
      error instanceof NotSupportedError &&
      error.feature === "cross-origin isolation" &&
      /Embedder-Policy/.test(error.message);
    assert.throws(() => ring.share(), isolation);
    assert.throws(
      () => ring.waitSync(1000),
      (error) => error instanceof NotSupportedError && /isolation.*loop over its events instead/.test(error.message),
    );
    await loaded.call("reserve_8", { value: 1n });
    assert.equal(ring.waitSync(1000), true, "there is no need to wait for what is there");
    await using others = await fixture("embedded", "user-ring");
    assert.throws(() => others.bpf.userRingBuf("samples").share(), isolation);
  });
});
