import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { NotSupportedError } from "../../src/base/errors.ts";
import { isShared, threadsShare } from "../../src/base/shared-bytes.ts";
import { fixture } from "../suite/fixture.ts";

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
    while (ring.trySendBytes(bytes));
    const room = ring.reserveWhenFree(40);
    const { result } = await loaded.call("drain_count");
    assert.equal(result, BigInt(ring.sent));
    (await room).discard();
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
