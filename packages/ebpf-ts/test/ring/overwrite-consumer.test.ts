import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { openConsumer, OverwriteConsumer, RingConsumer, ringBusy, ringEmpty } from "../../src/ring/index.ts";
import { makeMemory, payload } from "./kernel-model.ts";
import { makeOverwriteMemory, OverwriteRing, type WrittenRecord } from "./overwrite-model.ts";

const size = 512;

interface Pair {
  readonly ring: OverwriteRing;
  readonly consumer: OverwriteConsumer;
}

function pair(start = 0n): Pair {
  const ring = new OverwriteRing(makeOverwriteMemory(size, start));
  return { ring, consumer: new OverwriteConsumer(ring.memory, "events") };
}

function taken(consumer: OverwriteConsumer, max = Infinity): Uint8Array[] {
  const seen: Uint8Array[] = [];
  consumer.drain((data, offset, length) => void seen.push(data.slice(offset, offset + length)), { max });
  return seen;
}

describe("overwrite consumer", () => {
  it("is what a ring with an overwrite position is opened with", () => {
    assert.ok(openConsumer(makeOverwriteMemory(size)) instanceof OverwriteConsumer);
    assert.ok(openConsumer(makeMemory(size)) instanceof RingConsumer);
    assert.throws(() => new OverwriteConsumer(makeMemory(size)), RangeError);
  });

  it("gets the newest records, and counts the bytes of those that are gone", () => {
    const { ring, consumer } = pair();
    for (let number = 0; number < 100; number += 1) assert.ok(ring.output(payload(number, 24)));
    const newest = Array.from({ length: 15 }, (_, i) => payload(85 + i, 24));
    assert.deepEqual(taken(consumer), newest);
    assert.equal(consumer.overwritten, 85 * 32);
    assert.equal(consumer.received, 15);
    assert.equal(consumer.available, 0);
    assert.equal(ring.memory.consumer[0], ring.memory.producer[0]);
  });

  it("is not held up by positions that are forged so far away that numbers are not exact", () => {
    for (const far of [2n ** 63n, 2n ** 63n - 8n, 2n ** 60n, 2n ** 54n]) {
      for (const distance of [-8n, 0n, 8n, 256n]) {
        const { ring, consumer } = pair();
        const { memory } = ring;
        memory.consumer[0] = far + 256n;
        memory.producer[0] = far + 256n + distance;
        memory.overwrite[0] = far + 16n;
        assert.throws(() => consumer.drain(() => {}), { code: "BAD_RING" });
      }
    }
  });

  it("keeps what it has copied when that is overwritten meanwhile", () => {
    const { ring, consumer } = pair();
    for (let number = 0; number < 15; number += 1) ring.output(payload(number, 8));
    assert.ok(consumer.lookAhead() > 0);
    const { ahead } = consumer;
    assert.ok(ahead >= 1);
    for (let number = 100; number < 200; number += 1) ring.output(payload(number, 8));
    for (let number = 0; number < ahead; number += 1) {
      const offset = consumer.readAhead();
      assert.deepEqual(consumer.memory.data.slice(offset, offset + consumer.length), payload(number, 8));
    }
    assert.equal(consumer.readAhead(), ringEmpty);
    assert.equal(consumer.overwritten, 0);
    assert.equal(taken(consumer).length, 31);
    assert.equal(consumer.received + consumer.overwritten / 16, 115);
  });

  it("throws away what is overwritten between the look at the headers and the end of the copy", () => {
    const { ring, consumer } = pair();
    for (let number = 0; number < 15; number += 1) ring.output(payload(number, 24));
    const { memory } = ring;
    // The producer comes at the moment of the copy.
    const subarray = memory.data.subarray.bind(memory.data);
    let times = 0;
    memory.data.subarray = (begin, end) => {
      times += 1;
      if (times <= 3) for (let i = 0; i < 20; i += 1) ring.output(payload(1000 * times + i, 24));
      return subarray(begin, end);
    };
    assert.deepEqual(taken(consumer).at(-1), payload(3019, 24));
    assert.ok(times > 3);
    assert.equal(consumer.received + consumer.overwritten / 32, 75);
  });

  it("stops at a record that is not committed, which is never overwritten", () => {
    const { ring, consumer } = pair();
    ring.output(payload(1, 8));
    const busy = ring.reserve(8)!;
    let refused = 0;
    for (let number = 0; number < 100; number += 1) if (!ring.output(payload(number, 8))) refused += 1;
    assert.equal(refused, 100 - 30);
    // The first has made room for what fitted.
    assert.deepEqual(taken(consumer), []);
    assert.equal(consumer.read(), ringBusy);
    ring.memory.data.set(payload(2, 8), busy.offset);
    ring.commit(busy);
    assert.deepEqual(taken(consumer)[0], payload(2, 8));
  });

  it("is not ended by as much as 2^32 bytes that it missed", () => {
    for (const missed of [2n ** 31n, 2n ** 32n, 2n ** 33n + 8n]) {
      const { ring, consumer } = pair(64n);
      const { producer, overwrite } = ring.memory;
      producer[0] = overwrite[0] = 64n + missed;
      ring.output(payload(7, 8));
      assert.deepEqual(taken(consumer), [payload(7, 8)]);
      assert.equal(consumer.overwritten, Number(missed));
      assert.equal(ring.memory.consumer[0], 64n + missed + 16n);
    }
  });

  it("goes on where another consumer has come to", () => {
    const { ring, consumer } = pair();
    for (let number = 0; number < 4; number += 1) ring.output(payload(number, 8));
    taken(consumer, 1);
    const other = new OverwriteConsumer(ring.memory);
    assert.deepEqual(taken(other, 2), [payload(1, 8), payload(2, 8)]);
    consumer.resume();
    assert.deepEqual(taken(consumer), [payload(3, 8)]);
  });

  it("marks: reached when everything before was read or is gone", () => {
    const { ring, consumer } = pair(2n ** 32n - 64n);
    ring.output(payload(1, 8));
    const mark = consumer.mark();
    assert.equal(consumer.hasReached(mark), false);
    for (let number = 0; number < 40; number += 1) ring.output(payload(number, 24));
    assert.ok(consumer.read() >= 0);
    assert.equal(consumer.hasReached(mark), true);
  });

  it("refuses limits that make no sense, use within its own drain, and use after its end", () => {
    const { ring, consumer } = pair();
    ring.output(payload(1, 8));
    assert.throws(() => consumer.drain(() => {}, { max: 0 }), RangeError);
    assert.throws(() => consumer.drain(() => void consumer.read()), { code: "BUSY" });
    consumer.close();
    assert.throws(() => consumer.read(), { code: "CLOSED" });
  });

  const forged: { title: string; forge: (pair: Pair) => void }[] = [
    { title: "a misaligned producer", forge: ({ ring }) => void (ring.memory.producer[0] = 68n) },
    { title: "a producer too far ahead", forge: ({ ring }) => void (ring.memory.producer[0] = BigInt(size + 8)) },
    { title: "a producer behind", forge: ({ ring }) => void (ring.memory.producer[0] = 2n ** 64n - 8n) },
    {
      title: "an overwrite position beyond the producer",
      forge: ({ ring }) => void (ring.memory.overwrite[0] = 4096n),
    },
    { title: "a misaligned overwrite position", forge: ({ ring }) => void (ring.memory.overwrite[0] = 4n) },
    {
      title: "an absurd length",
      forge: ({ ring }) => new DataView(ring.memory.data.buffer).setUint32(256, 0x3fff_ffff, true),
    },
  ];
  for (const { title, forge } of forged) {
    it(`${title} is refused, and stays so`, () => {
      const both = pair();
      both.ring.output(payload(1, 8));
      both.ring.output(payload(2, 8));
      forge(both);
      const drain = (): unknown => both.consumer.drain(() => {});
      assert.throws(drain, { code: "BAD_RING" });
      assert.throws(drain, { code: "BAD_RING" });
    });
  }
});

type Step =
  | { readonly do: "reserve"; readonly length: number }
  | { readonly do: "commit"; readonly which: number; readonly discard: boolean }
  | { readonly do: "drain"; readonly max: number }
  | { readonly do: "read"; readonly flush: boolean }
  | { readonly do: "look" };

const length = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: size }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("reserve" as const), length }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("commit" as const), which: fc.nat(), discard: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drain" as const), max: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("read" as const), flush: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("look" as const) }) },
);
const start = fc
  .tuple(
    fc.constantFrom(0n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n),
    fc.integer({ min: -100, max: 100 }),
  )
  .map(([near, eighths]) => BigInt.asUintN(64, near + BigInt(eighths) * 8n));

/** A history of a ring, and what its consumer has got of it so far. */
class History {
  readonly #from: bigint;
  readonly #ring: OverwriteRing;
  readonly #consumer: OverwriteConsumer;
  readonly #records: WrittenRecord[] = [];
  readonly #delivered = new Set<WrittenRecord>();
  #last = -1;

  constructor(from: bigint) {
    this.#from = from;
    ({ ring: this.#ring, consumer: this.#consumer } = pair(from));
  }

  run(step: Step): void {
    const consumer = this.#consumer;
    switch (step.do) {
      case "reserve":
        return this.#reserve(step.length);
      case "commit": {
        const busy = this.#ring.records.filter(({ state }) => state === "busy");
        const chosen = busy[step.which % busy.length];
        if (chosen !== undefined) this.#ring.commit(chosen, step.discard);
        return;
      }
      case "drain":
        return this.#drain(step.max);
      case "look":
        return void consumer.lookAhead();
      case "read": {
        const offset = consumer.read();
        if (offset >= 0) this.#see(consumer.memory.data.slice(offset, offset + consumer.length));
        if (step.flush) consumer.flush();
      }
    }
  }

  /** Commits what is left, reads it, and settles the account. */
  end(): void {
    const consumer = this.#consumer;
    for (const record of this.#ring.records) if (record.state === "busy") this.#ring.commit(record);
    const from = consumer.consumerPosition;
    const isAhead = ({ position }: WrittenRecord): boolean => BigInt.asIntN(64, position - from) >= 0n;
    const due = this.#ring.records.filter((record) => record.state === "committed" && isAhead(record));
    this.#drain(Infinity);
    assert.ok(
      due.every((record) => this.#delivered.has(record)),
      "what is not overwritten is read",
    );
    assert.equal(consumer.consumerPosition, this.#ring.memory.producer[0]);
    assert.equal(consumer.received, this.#delivered.size);

    const bytes = (records: Iterable<WrittenRecord>): bigint =>
      [...records].reduce((sum, { total }) => sum + total, 0n);
    const gone = this.#records.filter((record) => record.state === "committed" && !this.#delivered.has(record));
    const discarded = this.#records.filter(({ state }) => state === "discarded");
    const overwritten = BigInt(consumer.overwritten);
    assert.ok(overwritten >= bytes(gone) && overwritten <= bytes(gone) + bytes(discarded));
    if (discarded.length === 0)
      assert.equal(overwritten + bytes(this.#delivered), BigInt.asUintN(64, consumer.consumerPosition - this.#from));
  }

  #reserve(size: number): void {
    const record = this.#ring.reserve(size);
    if (record === undefined) return;
    this.#ring.memory.data.set(payload(this.#records.length, size), record.offset);
    this.#records.push(record);
  }

  #drain(max: number): void {
    const consumer = this.#consumer;
    consumer.drain((data, offset, length) => this.#see(data.slice(offset, offset + length)), { max });
    assert.equal(this.#ring.memory.consumer[0], consumer.consumerPosition);
  }

  /** A record was handed out: the one that ends where the consumer stands now. */
  #see(bytes: Uint8Array): void {
    const end = this.#consumer.consumerPosition;
    const number = this.#records.findIndex(({ position, total }) => BigInt.asUintN(64, position + total) === end);
    const record = this.#records[number]!;
    assert.ok(number > this.#last, "in order, and never twice");
    assert.equal(record.state, "committed");
    assert.deepEqual(bytes, payload(number, record.length));
    this.#last = number;
    this.#delivered.add(record);
  }
}

describe("overwrite consumer: properties", () => {
  it("whatever the history: records are whole, in order, never twice, and every byte is read, discarded or counted as gone", () => {
    fc.assert(
      fc.property(start, fc.array(step, { minLength: 1, maxLength: 150 }), fc.boolean(), (from, steps, discards) => {
        const history = new History(from);
        for (const each of steps) history.run(each.do === "commit" && !discards ? { ...each, discard: false } : each);
        history.end();
      }),
      { numRuns: 1000 },
    );
  });
});
