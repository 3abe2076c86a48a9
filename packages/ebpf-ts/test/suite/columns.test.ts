import assert from "node:assert/strict";
import { it } from "node:test";
import { SharedRing } from "../../src/shared-ring/index.ts";
import { fixture, onEachEngine } from "./fixture.ts";

interface Event {
  readonly source: number;
  readonly number: number;
  readonly begin: bigint;
}

interface Sample {
  readonly number: bigint;
  readonly cpu: number;
  readonly text: string;
}

const now = { until: Promise.resolve() };

onEachEngine("columns of a ring", (engine) => {
  it("hold every record once, in order, over many batches whose memory is used again", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const count = 20_000;
    await ring.injectMany(
      Array.from({ length: count }, (_, number): Event => ({ source: 7, number, begin: 2n ** 40n + BigInt(number) })),
    );
    let next = 0;
    let batches = 0;
    const memories = new Set<ArrayBufferLike>();
    for await (const batch of ring.batches(now)) {
      const { number, begin, source } = batch.columns(["number", "begin", "source"]);
      assert.equal(batch.length, 0);
      assert.ok(number instanceof Uint32Array && begin instanceof Float64Array);
      assert.equal(number.length, begin.length);
      for (let row = 0; row < number.length; row += 1) {
        assert.equal(number[row], next);
        assert.equal(begin[row], 2 ** 40 + next);
        assert.equal(source[row], 7);
        next += 1;
      }
      memories.add(number.buffer);
      batches += 1;
    }
    assert.equal(next, count);
    assert.equal(ring.received, count);
    assert.ok(batches > 2);
    assert.ok(memories.size < batches, "each batch has memory of its own");
  });

  it("are of the records that a batch's other readers have left", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    await ring.injectMany(Array.from({ length: 10 }, (_, number): Event => ({ source: 0, number, begin: 1n })));
    for await (const batch of ring.batches(now)) {
      const [first] = batch.events();
      assert.equal(first?.number, 0);
      assert.deepEqual(batch.columns(["number"]).number, Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
      assert.deepEqual(batch.columns(["number"]).number, new Uint32Array(0));
      assert.deepEqual(batch.columns().begin, new Float64Array(0));
    }
  });

  it("a record that is too short is told; the rows before and behind it are there", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    const event = (number: number): Event => ({ source: 0, number, begin: 1n });
    await ring.injectMany([event(1), event(2), new Uint8Array(12), event(3)]);
    for await (const batch of ring.batches(now)) {
      assert.throws(() => batch.columns(["number"]), {
        code: "BAD_VALUE",
        message: /^Cannot read a record of 12 bytes in columns: struct event takes 16/,
      });
      assert.deepEqual(batch.columns(["number"]).number, Uint32Array.of(1, 2, 3));
    }
  });

  it("a batch that is over gives none, and a member that is not there is named", async () => {
    await using loaded = await fixture(engine, "inject-order");
    const ring = loaded.bpf.ringBuf<Event>("events");
    await ring.inject({ source: 0, number: 1, begin: 1n });
    const loop = ring.batches();
    const { value: batch } = await loop.next();
    assert.throws(() => batch!.columns(["numbr" as "number"]), { code: "NOT_FOUND" });
    assert.equal(batch!.length, 1);
    await loop.return();
    assert.throws(() => batch!.columns(["number"]), { code: "CLOSED" });
  });
});

onEachEngine("columns of a perf event array", (engine) => {
  it("hold every sample once, those that pass the end of a ring too", async () => {
    await using loaded = await fixture(engine, "perf");
    const perf = loaded.bpf.perfEventArray<Sample>("events");
    const seen: number[] = [];
    for (let first = 0; first < 1000; first += 50) {
      const context = new Uint8Array(BigUint64Array.of(BigInt(first), 50n).buffer);
      assert.equal((await loaded.bpf.program("emit").run({ context, cpu: 0 })).returnValue, 50);
      for await (const batch of perf.batches(now)) {
        const { number, text } = batch.columns(["number", "text"]);
        assert.equal(text.length, number.length);
        seen.push(...number);
      }
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 1000 }, (_, number) => number),
    );
  });
});

it("a ring of bytes has no columns", async () => {
  using ring = SharedRing.create({ size: 4096 });
  using producer = ring.producer();
  using consumer = ring.consumer();
  producer.send(new Uint8Array(16));
  for await (const batch of consumer.batches(now)) {
    assert.throws(() => batch.columns(["length"] as never), {
      code: "BAD_VALUE",
      message: /^Cannot read ring .* in columns: its records are bytes$/,
    });
    assert.equal(batch.length, 1);
    break;
  }
});
