import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RingBuf } from "../../src/map/ring-buf.ts";
import { EAGAIN, EINVAL, fixture, onEachEngine, onKernel, type Fixture } from "./fixture.ts";

const ringSize = 4096n;
const noWakeup = 1n;
const forceWakeup = 2n;
/** Long enough for a wake-up that should not come; only the absence of one waits for it. */
const quietMs = 60;

/** The first 8 bytes of every record that is there now. */
function values(ring: RingBuf<unknown>, max?: number): bigint[] {
  const found: bigint[] = [];
  const options = max === undefined ? {} : { max };
  ring.drain((record) => {
    found.push(record.u64(0));
  }, options);
  return found;
}

/** Counts how often the ring's bell rang, armed again each time. */
function listen(loaded: Fixture, name: string): { readonly rings: number; close(): void } {
  let rings = 0;
  const bell = loaded.ring(name).bell(() => {
    rings += 1;
  });
  bell.arm();
  return {
    get rings() {
      return rings;
    },
    close: () => bell.close(),
  };
}

/** The event loop asks for the first time what is there when it comes to wait: a turn later, at the latest. */
async function asked(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 60_000 && !condition(); turn += 1) await sleep(2);
  assert.ok(condition());
}

onEachEngine("event ring: what a program may reserve", (engine) => {
  const cases = [
    { title: "nothing at all", size: 0, given: true },
    { title: "an odd size", size: 39, given: true },
    { title: "the largest payload on an empty ring", size: 4080, given: true },
    { title: "one byte more", size: 4081, given: false },
    { title: "as much as the ring is large", size: 4096, given: false },
    { title: "more than any ring may hold", size: 0x4000_0000, given: false },
  ];
  for (const { title, size, given } of cases) {
    it(`${title}: ${given ? "given" : "refused"}`, async () => {
      await using loaded = await fixture(engine, "ring");
      const { result } = await loaded.call(`reserve_${size === 0x4000_0000 ? "0x40000000" : size}`, { value: 5n });
      assert.equal(result, given ? 0n : 1n);
      const { memory } = loaded.ring("events");
      const total = given ? BigInt(((size + 8 + 7) >> 3) << 3) : 0n;
      assert.equal(Atomics.load(memory.producer, 0), total);
    });
  }

  it("nothing when the flags are not 0", async () => {
    await using loaded = await fixture(engine, "ring");
    assert.equal((await loaded.call("reserve_8", { reserve_flags: 1n })).result, 1n);
  });

  it("nothing when the ring is full, and again when it was drained", async () => {
    await using loaded = await fixture(engine, "ring");
    const ring = loaded.bpf.ringBuf("events");
    const { answers } = await loaded.call("burst", { size: 1000 });
    assert.equal(answers[0] + answers[1], 1000n);
    assert.equal(answers[0], ringSize / 16n - 1n, "a ring is never quite full");
    assert.equal((await loaded.call("reserve_8")).result, 1n);
    assert.equal(values(ring).length, Number(answers[0]));
    assert.equal((await loaded.call("reserve_8")).result, 0n);
  });

  it("no record that runs over one that is not committed, whatever consumer position is forged", async () => {
    await using loaded = await fixture(engine, "ring");
    Atomics.store(loaded.ring("wide").memory.consumer, 0, 0x30000n);
    const { answers } = await loaded.call("overrun");
    assert.deepEqual(answers.slice(0, 2), [1n, 0n]);
  });
});

onEachEngine("event ring: output, query and dynptrs", (engine) => {
  it("output gives -EINVAL for unknown flags and -EAGAIN when there is no room", async () => {
    await using loaded = await fixture(engine, "ring");
    assert.equal((await loaded.call("output", { size: 8, flags: 4n })).result, EINVAL);
    assert.equal((await loaded.call("output", { size: 8192 })).result, EAGAIN);
    assert.equal((await loaded.call("output", { size: 4000 })).result, 0n);
    assert.equal((await loaded.call("output", { size: 400 })).result, EAGAIN);
  });

  it("queries: available, size, positions, and 0 for what is unknown", async () => {
    await using loaded = await fixture(engine, "ring");
    await loaded.call("burst", { size: 3 });
    values(loaded.bpf.ringBuf("events"), 1);
    const { answers } = await loaded.call("query", { flags: 99n });
    assert.deepEqual(answers, [32n, ringSize, 16n, 48n, 0n, 0n]);
  });

  it("a dynptr is given back also when it could not be reserved", async () => {
    await using loaded = await fixture(engine, "ring");
    const refused = await loaded.call("reserve_dynptr", { size: 8192, value: 1n });
    assert.ok(refused["result"] < 0n);
    const given = await loaded.call("reserve_dynptr", { size: 24, value: 9n });
    assert.equal(given["result"], 0n);
    assert.deepEqual(values(loaded.bpf.ringBuf("events")), [9n]);
  });
});

onEachEngine("event ring: order and positions", (engine) => {
  it("two submits and a discard are three records in the positions, two in the events, in the order of their reservation", async () => {
    await using loaded = await fixture(engine, "ring");
    assert.equal((await loaded.call("interleave")).result, 0n);
    const { memory } = loaded.ring("events");
    assert.equal(Atomics.load(memory.producer, 0), 48n);
    const ring = loaded.bpf.ringBuf("events");
    assert.deepEqual(values(ring), [2n, 3n]);
    assert.equal(ring.discarded, 1);
    assert.equal(Atomics.load(memory.consumer, 0), 48n);
  });

  it("32 records, taken 4 at a time", async () => {
    await using loaded = await fixture(engine, "ring");
    const ring = loaded.bpf.ringBuf("events");
    await loaded.call("burst", { size: 32, value: 100n });
    const taken: bigint[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      const some = values(ring, 4);
      assert.equal(some.length, 4);
      taken.push(...some);
    }
    assert.deepEqual(
      taken,
      Array.from({ length: 32 }, (_, i) => 100n + BigInt(i)),
    );
    assert.deepEqual(values(ring), []);
  });

  it("many times around the ring, nothing lost", async () => {
    await using loaded = await fixture(engine, "ring");
    const ring = loaded.bpf.ringBuf("events");
    for (let turn = 0; turn < 300; turn += 1) {
      const size = (turn * 37) % 2000;
      assert.equal((await loaded.call("output", { size: Math.max(size, 8), value: BigInt(turn) })).result, 0n);
      assert.deepEqual(values(ring), [BigInt(turn)]);
    }
  });
});

onEachEngine("event ring: wake-ups", (engine) => {
  it("a record wakes the one who waits at its end", async () => {
    await using loaded = await fixture(engine, "ring");
    const bell = listen(loaded, "events");
    await loaded.call("reserve_8");
    await until(() => bell.rings === 1);
    bell.close();
  });

  it("NO_WAKEUP lets it sleep, FORCE_WAKEUP wakes it", async () => {
    await using loaded = await fixture(engine, "ring");
    const bell = listen(loaded, "events");
    await asked();
    await loaded.call("reserve_8", { flags: noWakeup });
    await sleep(quietMs);
    assert.equal(bell.rings, 0);
    await loaded.call("reserve_8", { flags: forceWakeup });
    await until(() => bell.rings === 1);
    bell.close();
  });

  it("no further wake-up while the consumer is behind", async () => {
    await using loaded = await fixture(engine, "ring");
    await loaded.call("reserve_8", { flags: noWakeup });
    values(loaded.bpf.ringBuf("events"));
    const bell = listen(loaded, "events");
    await asked();
    await loaded.call("reserve_8", { flags: noWakeup });
    await loaded.call("reserve_8");
    await sleep(quietMs);
    assert.equal(bell.rings, 0);
    bell.close();
  });

  it("arming rings at once when there is data already", async () => {
    await using loaded = await fixture(engine, "ring");
    await loaded.call("reserve_8", { flags: noWakeup });
    const bell = listen(loaded, "events");
    await until(() => bell.rings === 1);
    bell.close();
  });

  it("two rings under one poller are told apart", async () => {
    await using loaded = await fixture(engine, "ring");
    const [events, others] = [listen(loaded, "events"), listen(loaded, "others")];
    await loaded.call("output_other", { size: 8 });
    await until(() => others.rings === 1);
    assert.equal(events.rings, 0);
    await loaded.call("output", { size: 8 });
    await until(() => events.rings === 1);
    events.close();
    others.close();
  });
});

onEachEngine("event ring: as an async iterator", (engine) => {
  it("yields decoded events, those already there and those to come", async () => {
    await using loaded = await fixture(engine, "ring");
    const ring = loaded.bpf.ringBuf<{ value: bigint }>("events");
    await loaded.call("burst", { size: 3, value: 1n });
    const seen: bigint[] = [];
    for await (const { value } of ring) {
      seen.push(value);
      if (seen.length === 3) setImmediate(() => void loaded.call("burst", { size: 2, value: 4n }));
      if (seen.length === 5) break;
    }
    assert.deepEqual(seen, [1n, 2n, 3n, 4n, 5n]);
    assert.equal(ring.received, 5);
  });

  it("ends with its `until`, after what was there", async () => {
    await using loaded = await fixture(engine, "ring");
    await loaded.call("burst", { size: 10 });
    let seen = 0;
    for await (const _ of loaded.bpf.ringBuf("events").events({ until: Promise.resolve() })) seen += 1;
    assert.equal(seen, 10);
  });

  it("throws the reason of its signal", async () => {
    await using loaded = await fixture(engine, "ring");
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("enough")), 20);
    await assert.rejects(async () => {
      for await (const _ of loaded.bpf.ringBuf("events").events({ signal: abort.signal })) assert.fail();
    }, /enough/);
  });

  it("ends when the collection is closed", async () => {
    const loaded = await fixture(engine, "ring");
    setTimeout(() => void loaded.bpf.close(), 20);
    for await (const _ of loaded.bpf.ringBuf("events")) assert.fail();
  });

  it("refuses a second consumer", async () => {
    await using loaded = await fixture(engine, "ring");
    const ring = loaded.bpf.ringBuf("events");
    const first = ring[Symbol.asyncIterator]();
    const pending = first.next();
    await assert.rejects(async () => {
      for await (const _ of ring) assert.fail();
    }, /consumer/);
    await loaded.call("reserve_8", { value: 3n });
    assert.deepEqual((await pending).value, { value: 3n });
    await first.return?.();
  });
});

describe("event ring: a forged producer position (embedded; the kernel lets nobody write that page)", () => {
  for (const forged of [4n, ringSize + 8n, 2n ** 63n]) {
    it(`0x${forged.toString(16)} is refused`, async () => {
      await using loaded = await fixture("embedded", "ring");
      Atomics.store(loaded.ring("events").memory.producer, 0, forged);
      assert.throws(() => values(loaded.bpf.ringBuf("events")), { code: "BAD_RING" });
    });
  }
});

onKernel("event ring: a map of rings", () => {
  it("an empty slot is no ring, the others are", async () => {
    await using loaded = await fixture("kernel", "ring-slots");
    for (const [slot, missing] of [0, 1, 0, 1].entries()) {
      const answer = await loaded.call("output", { slot, value: BigInt(slot) });
      assert.equal(answer["missing"], missing, `slot ${slot}`);
    }
    assert.deepEqual(values(loaded.bpf.ringBuf("first")), [0n]);
    assert.deepEqual(values(loaded.bpf.ringBuf("last")), [2n]);
  });
});
