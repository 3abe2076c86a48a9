import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EbpfError } from "../../src/base/errors.ts";
import type { SampleEncoder } from "../../src/map/send/sample-encoder.ts";
import { UserRingBuf } from "../../src/map/user-ring-buf.ts";
import { kernelDrain, payload } from "../ring/kernel-model.ts";
import { SimulatedUserRing } from "./simulated-ring.ts";

const encoder: SampleEncoder<number> = {
  size: 12,
  encode(value, view, offset) {
    view.setUint32(offset, value, true);
    if (value > 1000) throw new EbpfError("BAD_VALUE", "Cannot encode that much");
    view.setBigUint64(offset + 4, 0n, true);
  },
};

function setUp(size?: number) {
  const other = new SimulatedUserRing(size);
  const ring = new UserRingBuf<number>({ name: "samples", ring: other, encoder });
  const drain = (max = Infinity): Uint8Array[] => {
    const seen: Uint8Array[] = [];
    const result = kernelDrain(other.memory, (bytes) => (seen.push(bytes) >= max ? 1 : 0));
    assert.equal(result, seen.length);
    other.wake();
    return seen;
  };
  return { other, ring, drain };
}

describe("UserRingBuf: sending", () => {
  it("values are encoded, bytes go as they are", () => {
    const { ring, drain } = setUp();
    ring.send(7);
    ring.send(payload(1, 39));
    assert.ok(ring.trySend(8) && ring.trySend(payload(2, 3)));
    assert.deepEqual(drain(), [
      Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      payload(1, 39),
      Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      payload(2, 3),
    ]);
    assert.equal(ring.sent, 4);
    assert.equal(ring.occupied, 0);
  });

  it("a full ring: NO_SPACE, or false", () => {
    const { ring, drain } = setUp(64);
    for (let i = 0; i < 2; i += 1) ring.send(i);
    assert.throws(() => ring.send(2), { code: "NO_SPACE" });
    assert.throws(() => ring.send(new Uint8Array(9)), { code: "NO_SPACE" });
    assert.equal(ring.trySend(2), false);
    assert.equal(ring.trySend(new Uint8Array(9)), false);
    assert.deepEqual([ring.size, ring.occupied, ring.free, ring.sent], [64, 48, 16, 2]);
    assert.ok(ring.trySend(new Uint8Array(8)));
    assert.deepEqual(drain().length, 3);
    assert.deepEqual([ring.producerPosition, ring.consumerPosition], [64n, 64n]);
  });

  it("an encoder's size may depend on the value", () => {
    const other = new SimulatedUserRing();
    const ring = new UserRingBuf<string>({
      name: "samples",
      ring: other,
      encoder: {
        size: 0,
        sizeFor: (value) => value.length,
        encode: (value, view, offset) => void [...value].forEach((c, i) => view.setUint8(offset + i, c.charCodeAt(0))),
      },
    });
    ring.send("hello");
    const seen: string[] = [];
    kernelDrain(other.memory, (bytes) => (seen.push(new TextDecoder().decode(bytes)), 0));
    assert.deepEqual(seen, ["hello"]);
  });

  it("a value that cannot be encoded is discarded: the ring goes on", () => {
    const { ring, drain } = setUp();
    assert.throws(() => ring.send(2000), { code: "BAD_VALUE" });
    assert.throws(() => ring.trySend(2000), { code: "BAD_VALUE" });
    ring.send(1);
    assert.equal(drain().length, 1);
    assert.deepEqual([ring.sent, ring.discarded], [1, 2]);
  });

  it("without an encoder it takes bytes only", () => {
    const other = new SimulatedUserRing();
    const ring = new UserRingBuf<unknown>({ name: "samples", ring: other });
    ring.send(Uint8Array.of(1));
    assert.throws(() => ring.send({ a: 1 }), { code: "BAD_VALUE", message: /takes a Uint8Array/ });
    assert.throws(() => ring.send("text"), { code: "BAD_VALUE" });
    assert.equal(
      kernelDrain(other.memory, () => 0),
      1,
    );
  });

  it("no more than a program can ever take", () => {
    const { ring } = setUp(1 << 25);
    assert.throws(() => ring.reserve(2 ** 24), { code: "TOO_BIG", message: /at most 16777215 at a time/ });
    ring.reserve(2 ** 24 - 1).discard();
    assert.throws(() => setUp().ring.reserve(4089), { code: "TOO_BIG", message: /4088/ });
  });
});

describe("UserRingBuf: samples filled in place", () => {
  it("submit, discard, and the end of the block", () => {
    const { ring, drain } = setUp();
    {
      using sample = ring.reserve(5);
      sample.bytes.set([1, 2, 3, 4, 5]);
      sample.submit();
      using _forgotten = ring.reserve(8);
    }
    ring.reserve(8).discard();
    assert.deepEqual(drain(), [Uint8Array.of(1, 2, 3, 4, 5)]);
    assert.deepEqual([ring.sent, ring.discarded], [1, 2]);
  });

  it("close() discards what is still open, so that the ring is not stuck for others", () => {
    const { other, ring, drain } = setUp();
    const open = ring.reserve(8);
    ring.close();
    ring.close();
    assert.throws(() => open.submit(), { code: "CLOSED" });
    assert.deepEqual(drain(), []);
    assert.equal(other.memory.consumer[0], 16n);
    assert.throws(() => ring.send(1), { code: "CLOSED" });
    assert.equal(ring.discarded, 1);
  });
});

describe("UserRingBuf: waiting for room", () => {
  it("gives at once what is free", async () => {
    const { other, ring } = setUp();
    (await ring.reserveWhenFree(8)).submit();
    assert.equal(other.bellsMade, 0);
  });

  it("is woken by a drain", async () => {
    const { other, ring, drain } = setUp();
    ring.send(new Uint8Array(4088));
    setTimeout(drain, 10);
    (await ring.reserveWhenFree(8)).submit();
    assert.equal(ring.sent, 2);
    ring.close();
    assert.equal(other.bellsOpen, 0);
  });

  it("naps while there is room, but too little", async () => {
    const { other, ring, drain } = setUp();
    ring.send(new Uint8Array(2000));
    ring.send(new Uint8Array(2000));
    let looks = 0;
    const holds = other.holds.bind(other);
    other.holds = () => ((looks += 1), holds());
    const start = performance.now();
    setTimeout(() => drain(1), 100);
    (await ring.reserveWhenFree(1000)).submit();
    const took = performance.now() - start;
    assert.ok(took >= 95);
    assert.ok(looks < 0.6 * took, `the bell was asked ${looks} times in ${took} ms`);
  });

  it("is served in order, whatever the sizes", async () => {
    const { ring, drain } = setUp();
    for (let i = 0; i < 4; i += 1) ring.send(new Uint8Array(1016));
    const order: string[] = [];
    const large = ring.reserveWhenFree(2040).then((sample) => (order.push("large"), sample.submit()));
    const small = ring.reserveWhenFree(8).then((sample) => (order.push("small"), sample.submit()));
    setTimeout(() => drain(1), 10);
    setTimeout(() => drain(2), 30);
    await Promise.all([large, small]);
    assert.deepEqual(order, ["large", "small"]);
  });

  it("times out", async () => {
    const { ring } = setUp();
    ring.send(new Uint8Array(4088));
    const start = performance.now();
    await assert.rejects(ring.reserveWhenFree(8, { timeoutMs: 40 }), { code: "NO_SPACE", message: /the time is up/ });
    assert.ok(performance.now() - start >= 38);
    await assert.rejects(ring.reserveWhenFree(8, { timeoutMs: -1 }), RangeError);
    await assert.rejects(ring.reserveWhenFree(8, { timeoutMs: 2 ** 31 }), RangeError);
  });

  it("finds room that nobody rang for by its last try", async () => {
    const { other, ring } = setUp();
    ring.send(new Uint8Array(4088));
    const quiet = ring.reserveWhenFree(8, { timeoutMs: 40 });
    setTimeout(() => kernelDrain(other.memory, () => 0), 10);
    (await quiet).submit();
    assert.equal(ring.sent, 2);
  });

  it("ends with its signal, with close(), with an error of the ring", async () => {
    const { other, ring } = setUp();
    const reason = new Error("enough");
    ring.send(new Uint8Array(4088));
    await assert.rejects(ring.reserveWhenFree(8, { signal: AbortSignal.abort(reason) }), reason);
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 5);
    await assert.rejects(ring.reserveWhenFree(8, { signal: abort.signal }), reason);
    await assert.rejects(ring.reserveWhenFree(8000), { code: "TOO_BIG" });
    const broken = ring.reserveWhenFree(8);
    Atomics.store(other.memory.consumer, 0, 4n);
    other.wake();
    await assert.rejects(broken, { code: "BAD_RING" });
    Atomics.store(other.memory.consumer, 0, 0n);
    setTimeout(() => ring.close(), 5);
    await assert.rejects(ring.reserveWhenFree(8), { code: "CLOSED", message: /closed while waiting/ });
    assert.equal(other.bellsOpen, 0);
  });

  it("without a bell nobody waits: a host may be out of descriptors, now or at the next look", async () => {
    const { other, ring, drain } = setUp(4096);
    const noBell = (): never => {
      throw new EbpfError("SYSCALL", "Cannot watch a ring: too many open files");
    };
    const working = other.bell.bind(other);
    ring.reserve(4088).submit();
    other.bell = noBell;
    await assert.rejects(ring.reserveWhenFree(8, { timeoutMs: 30 }), { code: "SYSCALL" });
    await sleep(50);
    // Later: the one bell there is rings for too little room, and cannot be armed again.
    let arms = 0;
    other.bell = (onRing) => {
      const bell = working(onRing);
      const arm = (): void => {
        arms += 1;
        if (arms > 1) noBell();
        bell.arm();
      };
      return { arm, close: () => bell.close() };
    };
    drain();
    ring.reserve(2000).submit();
    ring.reserve(2000).submit();
    const waits = [ring.reserveWhenFree(4000), ring.reserveWhenFree(4000, { timeoutMs: 5000 })];
    drain(1);
    for (const wait of waits) await assert.rejects(wait, { code: "SYSCALL" });
    assert.ok(arms > 1);
    assert.equal(other.bellsOpen, 0);
    drain();
    ring.reserve(8).discard();
  });

  it("an aborted wait lets the next one through", async () => {
    const { ring, drain } = setUp();
    ring.send(new Uint8Array(2040));
    ring.send(new Uint8Array(2032));
    const abort = new AbortController();
    const large = ring.reserveWhenFree(4088, { signal: abort.signal });
    const small = ring.reserveWhenFree(8);
    drain(1);
    await sleep(5);
    abort.abort(new Error("enough"));
    await assert.rejects(large, /enough/);
    (await small).submit();
  });
});

describe("UserRingBuf: batches filled in place", () => {
  it("are seen at once, as many as found room", () => {
    const { other, ring } = setUp();
    const room = Math.floor(ring.free / 16);
    const sent = ring.fill(room + 5, 8, (view, offset, index) => {
      view.setUint32(offset, index, true);
      view.setUint32(offset + 4, 7, true);
      if (index === 3) assert.equal(ring.occupied, 0, "nothing is seen yet");
    });
    assert.equal(sent, room);
    assert.equal(ring.sent, room);
    const seen: number[] = [];
    kernelDrain(other.memory, (bytes) => (seen.push(new DataView(bytes.slice().buffer).getUint32(0, true)), 0));
    assert.deepEqual(
      seen,
      Array.from({ length: room }, (_, i) => i),
    );
  });

  it("without the sample whose writing threw, nor those behind it", () => {
    const { ring } = setUp();
    const boom = new Error("boom");
    const fill = (): number =>
      ring.fill(5, 8, (_, __, index) => {
        if (index === 2) throw boom;
      });
    assert.throws(fill, boom);
    assert.equal(ring.sent, 2);
    assert.equal(ring.occupied, 32);
  });

  it("refuse to be interrupted, and what makes no sense", () => {
    const { ring } = setUp();
    assert.throws(() => ring.fill(1, 8, () => void ring.fill(1, 8, () => {})), { code: "BUSY" });
    assert.equal(ring.sent, 0);
    for (const count of [-1, 0.5, Number.NaN]) assert.throws(() => ring.fill(count, 8, () => {}), RangeError);
    assert.throws(() => ring.fill(1, -8, () => {}), RangeError);
    assert.throws(() => ring.fill(1, 1 << 20, () => {}), { code: "TOO_BIG" });
    assert.equal(
      ring.fill(0, 8, () => assert.fail()),
      0,
    );
    ring.close();
    assert.throws(() => ring.fill(1, 8, () => {}), { code: "CLOSED" });
  });
});
