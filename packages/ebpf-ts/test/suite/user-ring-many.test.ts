import assert from "node:assert/strict";
import { once } from "node:events";
import { it } from "node:test";
import { Worker } from "node:worker_threads";
import type { UserRingBuf } from "../../src/map/user-ring-buf.ts";
import { openUserRingBuf } from "../../src/workers/open/open-shared.ts";
import { fixture, onEachEngine, type Fixture } from "./fixture.ts";
import type { Sample, SampleWriterData } from "./sample-writer.ts";

const ringSize = 4096;
/** 16 bytes and a header. */
const fits = Math.floor(ringSize / 24);

function sample(number: number, producer = 0): Sample {
  return { producer, number, check: (BigInt(producer) << 32n) | BigInt(number) };
}

function samples(count: number, first = 0): Sample[] {
  return Array.from({ length: count }, (_, i) => sample(first + i));
}

/** Samples that the program has seen of each producer; none of them may be out of turn, or broken. */
async function drain(loaded: Fixture): Promise<number[]> {
  const { result, seen, wrong } = await loaded.call("drain");
  assert.ok(result >= 0n);
  assert.equal(wrong, 0n);
  return (seen as bigint[]).map(Number);
}

function ringOf(loaded: Fixture): UserRingBuf<Sample> {
  return loaded.bpf.userRingBuf<Sample>("samples");
}

onEachEngine("user ring: many samples at a time", (engine) => {
  it("all, in their order, when there is room", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    for (let first = 0; first < 5000; first += 100) {
      assert.equal(ring.sendMany(samples(100, first)), 100);
      assert.equal((await drain(loaded))[0], first + 100);
    }
    assert.equal(ring.sent, 5000);
    assert.equal(ring.sendMany([]), 0);
  });

  it("the first ones, when there is room for no more", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    assert.equal(ring.sendMany(samples(1000)), fits);
    assert.equal(ring.sendMany(samples(1, fits)), 0);
    assert.equal((await drain(loaded))[0], fits);
    assert.equal(ring.sendMany(samples(10, fits)), 10);
    assert.equal((await drain(loaded))[0], fits + 10);
  });

  it("programs see none of them before all are there", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    const before = ring.producerPosition;
    const watched = (function* () {
      for (const value of samples(50)) {
        assert.equal(ring.producerPosition, before);
        yield value;
      }
    })();
    assert.equal(ring.sendMany(watched), 50);
    assert.equal(ring.producerPosition, before + 50n * 24n);
  });

  it("a value that does not fit throws, after those before it were sent", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    const bad = { ...sample(2), number: -1 };
    const said = /^Cannot encode \w+\.number: .* \(number 2 of those given; those before it are sent\)$/;
    assert.throws(() => ring.sendMany([sample(0), sample(1), bad, sample(3)]), { code: "BAD_VALUE", message: said });
    assert.equal((await drain(loaded))[0], 2);
    ring.send(sample(2));
    assert.equal((await drain(loaded))[0], 3);
  });

  it("values that write the ring themselves are refused", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    ring.share();
    const writing = (function* () {
      yield sample(0);
      ring.send(sample(1));
    })();
    assert.throws(() => ring.sendMany(writing), { code: "BUSY" });
    ring.send(sample(1));
    assert.equal((await drain(loaded))[0], 2);
  });

  it("nothing into a ring that is closed, also by the values", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    const closing = (function* () {
      yield sample(0);
      ring.close();
      yield sample(1);
    })();
    assert.throws(() => ring.sendMany(closing), { code: "CLOSED" });
    assert.throws(() => ring.sendMany(samples(1)), { code: "CLOSED" });
    assert.throws(() => ring.share(), { code: "CLOSED" });
    assert.deepEqual((await drain(loaded))[0], 0);
  });
});

onEachEngine("user ring: several threads", (engine) => {
  it("four threads and this one: each sample once, in the order of its thread", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    const [threads, count] = [4, 5000];
    const handle = ring.share();
    const url = new URL("./sample-writer.js", import.meta.url);
    const workers = Array.from({ length: threads }, (_, index) => {
      const workerData: SampleWriterData = { handle, producer: index + 1, count };
      return new Worker(url, { workerData });
    });
    const exits = workers.map((worker) => once(worker, "exit"));
    const sent = Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as number));
    const expected = [count, ...Array.from({ length: threads }, () => count)];
    let own = 0;
    let seen: number[] = [];
    while (seen.slice(0, threads + 1).some((number, index) => number < expected[index]!) || seen.length === 0) {
      while (own < count && ring.trySend(sample(own))) own += 1;
      seen = await drain(loaded);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await sent, expected.slice(1));
    assert.deepEqual(seen.slice(0, threads + 1), expected);
    await Promise.all(exits);
  });

  it("the values are taken while the ring is not locked: others write, and one that sends itself is refused", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    using other = await openUserRingBuf(ring.share());
    const values = (function* () {
      for (const value of samples(60)) {
        if (value.number % 20 === 0) other.send(sample(value.number / 20, 1));
        yield value;
      }
    })();
    assert.equal(ring.sendMany(values), 60);
    assert.deepEqual((await drain(loaded)).slice(0, 2), [60, 3]);
    const careless = (function* () {
      yield sample(60);
      assert.throws(() => ring.send(sample(61)), { code: "BUSY" });
      yield sample(61);
      throw new Error("the values' own");
    })();
    assert.throws(() => ring.sendMany(careless), { message: "the values' own" });
    assert.deepEqual((await drain(loaded)).slice(0, 2), [62, 3]);
    let closed = false;
    const many = (function* () {
      try {
        for (let number = 62; ; number += 1) yield sample(number);
      } finally {
        closed = true;
      }
    })();
    assert.equal(ring.sendMany(many), fits);
    assert.ok(closed);
    assert.deepEqual((await drain(loaded)).slice(0, 2), [62 + fits, 3]);
  });

  it("what a batch calls cannot write the ring, however it was opened in this thread, and is told so at once", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    using direct = await openUserRingBuf<Sample>(ring.share());
    using cloned = await openUserRingBuf<Sample>(structuredClone(ring.share()));
    /** Of one that waits for another thread. */
    const patience = 10_000;
    const writers: ((other: typeof ring) => unknown)[] = [
      (other) => other.send(sample(7)),
      (other) => other.trySend(new Uint8Array(8)),
      (other) => other.sendMany([sample(7)]),
      (other) => other.fill(1, 16, () => {}),
      (other) => other.reserve(8),
    ];
    const tryAll = (): void => {
      for (const other of [ring, direct, cloned])
        for (const write of writers) {
          const began = performance.now();
          assert.throws(() => write(other), { code: "BUSY" });
          assert.ok(performance.now() - began < patience, "nobody waits for himself");
        }
    };
    const first = (view: DataView, offset: number): void => {
      tryAll();
      view.setBigUint64(offset, 0n);
      view.setBigUint64(offset + 8, 0n);
    };
    assert.equal(ring.fill(1, 16, first), 1);
    const careless: Sample = {
      ...sample(1),
      get number() {
        tryAll();
        return 1;
      },
    };
    assert.equal(ring.sendMany([careless]), 1);
    ring.send(sample(2));
    direct.send(sample(3));
    assert.equal((await drain(loaded))[0], 4);
  });

  it("cannot be shared in the middle of a batch", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    assert.equal(
      ring.fill(1, 16, () => assert.throws(() => ring.share(), { code: "BUSY" })),
      1,
    );
    ring.share();
    assert.equal(
      ring.fill(1, 16, () => void ring.share()),
      1,
      "what is shared already can be shared again",
    );
  });

  it("what another thread opened is closed with the ring, also while it waits for room", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = ringOf(loaded);
    const other = await openUserRingBuf(structuredClone(ring.share()));
    other.send(sample(0));
    assert.equal((await drain(loaded))[0], 1);
    while (other.trySend(sample(1)));
    const waiting = other.reserveWhenFree(100);
    ring.close();
    assert.throws(() => other.send(sample(1)), { code: "CLOSED" });
    await assert.rejects(waiting, { code: "CLOSED" });
  });

  it("a handle whose ring is gone is refused, or opens a closed ring", async () => {
    const loaded = await fixture(engine, "inject-order");
    const handle = ringOf(loaded).share();
    await loaded.bpf.close();
    await assert.rejects(
      openUserRingBuf<Sample>(handle).then((ring) => ring.send(sample(0))),
      { code: "CLOSED" },
    );
  });
});
