import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../../src/base/errors.ts";
import { PerfConsumer } from "../../../src/ring/perf/perf-consumer.ts";
import { PerfReader } from "../../../src/ring/perf/perf-reader.ts";
import { takeSnapshot } from "../../../src/ring/perf/perf-snapshot.ts";
import { payload, PerfModel } from "./perf-model.ts";

const size = 512;
const starts = [0n, 2n ** 32n - 256n, 2n ** 64n - 256n, 2n ** 31n - 64n];

function read(consumer: PerfConsumer): Uint8Array | undefined {
  if (!consumer.next()) return undefined;
  const { view, offset, length } = consumer;
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}

function sameAs(read: Uint8Array | undefined, expected: Uint8Array): void {
  assert.ok(read !== undefined && read.length >= expected.length && read.length < expected.length + 8);
  assert.deepEqual(read.subarray(0, expected.length), expected);
}

describe("perf consumer", () => {
  it("reads what the kernel writes, in order, and counts what it had no room for: any mix of both", () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 0, max: 400 }) }),
      fc.record({ read: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ other: fc.constantFrom(1, 5, 13) }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.array(step, { maxLength: 60 }), (start, steps) => {
        const model = new PerfModel(size, { start });
        const consumer = new PerfConsumer(model.memory, "events");
        const written: Uint8Array[] = [];
        let refused = 0;
        let number = 0;
        let others = 0;
        for (const action of steps) {
          if ("write" in action) {
            const event = payload((number += 1), action.write);
            if (model.output(event)) written.push(event);
            else refused += 1;
          } else if ("read" in action) {
            for (let i = 0; i < action.read; i += 1) {
              const event = read(consumer);
              if (event === undefined) assert.equal(written.length, 0);
              else sameAs(event, written.shift()!);
            }
          } else if (BigInt.asUintN(64, model.memory.head[0]! - model.memory.tail[0]!) <= BigInt(size - 16)) {
            model.write(action.other, [3n]);
            others += action.other === 13 ? 3 : 0;
          }
        }
        while (written.length > 0) sameAs(read(consumer), written.shift()!);
        assert.equal(read(consumer), undefined);
        assert.equal(model.memory.tail[0], model.memory.head[0]);
        // A last event, so that all losses are told.
        assert.ok(model.output(payload(1, 1)));
        sameAs(read(consumer), payload(1, 1));
        assert.equal(consumer.lost, refused + others);
        assert.equal(consumer.available, 0);
      }),
    );
  });

  it("does not give back the sample at hand before the next one is asked for", () => {
    const model = new PerfModel(size);
    const consumer = new PerfConsumer(model.memory, "events");
    while (model.output(payload(1, 100)));
    let samples = 0;
    while (consumer.next()) {
      samples += 1;
      assert.equal(consumer.available, (Math.floor(size / 112) - samples) * 112);
      assert.ok(model.memory.tail[0]! <= BigInt((samples - 1) * 112), "its bytes are still the reader's");
    }
    assert.equal(model.memory.tail[0], model.memory.head[0]);
  });

  it("looks for a sample without reading it, and counts what stands before", () => {
    const model = new PerfModel(size);
    const consumer = new PerfConsumer(model.memory, "events");
    assert.equal(consumer.seek(), false);
    model.write(13, [3n]);
    assert.equal(consumer.seek(), false);
    assert.equal(model.memory.tail[0], model.memory.head[0]);
    model.write(13, [4n]);
    for (const number of [1, 2, 3]) model.output(payload(number, 4));
    for (let i = 0; i < 2; i += 1) assert.equal(consumer.seek(), true);
    assert.deepEqual([consumer.lost, consumer.received], [7, 0]);
    const mark = consumer.markBatch();
    assert.equal(consumer.hasReached(mark), false);
    for (const number of [1, 2, 3]) sameAs(read(consumer), payload(number, 4));
    assert.equal(consumer.hasReached(mark), true);
    assert.equal(consumer.seek(), false);
  });

  it("a batch ends after 1/8 of the ring at the latest", () => {
    for (const start of starts) {
      const model = new PerfModel(size, { start });
      const consumer = new PerfConsumer(model.memory, "events");
      while (model.output(payload(1, 4)));
      assert.equal(consumer.seek(), true);
      const mark = consumer.markBatch();
      let samples = 0;
      for (; !consumer.hasReached(mark) && consumer.next(); samples += 1);
      assert.equal(samples, size / 8 / 16);
    }
  });

  it("refuses whatever is impossible, and reads nothing outside of the ring", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: size, maxLength: size }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.constantFrom(0n, 8n, 64n, 504n, 512n, 520n, -8n),
        fc.boolean(),
        (bytes, far, near, isNear) => {
          const model = new PerfModel(size);
          model.memory.data.set(bytes);
          model.memory.head[0] = BigInt.asUintN(64, isNear ? near : far);
          const consumer = new PerfConsumer(model.memory, "events");
          drainHostile(consumer);
        },
      ),
      { numRuns: 1000 },
    );
  });

  for (const [what, type, declared, body] of [
    ["no size", 9, 0, 16],
    ["a size of 4", 9, 4, 16],
    ["a size that is not aligned", 9, 20, 16],
    ["a size beyond the head", 9, 64, 16],
    ["a sample without a length", 9, 8, 0],
    ["a loss without a count", 2, 16, 8],
    ["lost samples without a count", 13, 8, 0],
  ] as const) {
    it(`a record with ${what} is BAD_RING, again and again`, () => {
      const model = new PerfModel(size);
      const consumer = new PerfConsumer(model.memory, "events of CPU 0");
      model.output(payload(1, 8));
      model.writeBody(type, new Uint8Array(body), declared);
      sameAs(read(consumer), payload(1, 8));
      for (let i = 0; i < 3; i += 1)
        assert.throws(() => consumer.next(), { code: "BAD_RING", message: /events of CPU 0/ });
    });
  }

  for (const [what, head] of [
    ["is not aligned", 4n],
    ["is behind", -8n],
    ["is more than the ring ahead", BigInt(size + 8)],
    ["is 2^31 ahead", 2n ** 31n],
    ["is 2^33 ahead", 2n ** 33n + 16n],
  ] as const) {
    it(`a head that ${what} is BAD_RING`, () => {
      for (const start of starts) {
        const model = new PerfModel(size, { start });
        const consumer = new PerfConsumer(model.memory, "events");
        model.memory.data.fill(8);
        model.memory.head[0] = BigInt.asUintN(64, start + head);
        for (const use of [() => consumer.next(), () => consumer.available, () => consumer.mark()]) {
          assert.throws(use, { code: "BAD_RING", message: /head/ });
        }
        assert.equal(model.memory.tail[0], start);
      }
    });
  }

  it("a sample that is longer than its record is BAD_RING", () => {
    const model = new PerfModel(size);
    const body = new Uint8Array(16);
    new DataView(body.buffer).setUint32(0, 13, true);
    model.writeBody(9, body);
    assert.throws(() => new PerfConsumer(model.memory, "events").next(), { code: "BAD_RING" });
  });

  it("is closed when its memory is", () => {
    const model = new PerfModel(size);
    const consumer = new PerfConsumer(model.memory, "events");
    model.memory.open = false;
    assert.throws(() => consumer.next(), { code: "CLOSED" });
    consumer.flush();
  });

  it("takes no memory that is no ring", () => {
    const { memory } = new PerfModel(size);
    for (const wrong of [0, 4, 500, 1024, 2 ** 31]) {
      assert.throws(() => new PerfConsumer({ ...memory, size: wrong }, "events"), RangeError);
    }
    assert.throws(() => new PerfConsumer({ ...memory, head: new BigUint64Array(0) }, "events"), RangeError);
  });
});

function drainHostile(consumer: PerfConsumer): void {
  try {
    for (let steps = 0; consumer.next(); steps += 1) {
      assert.ok(steps <= size / 8);
      const { view, offset, length } = consumer;
      assert.ok(offset >= 0 && length >= 0 && offset + length <= view.byteLength);
    }
  } catch (error) {
    assert.ok(error instanceof EbpfError && error.code === "BAD_RING", String(error));
  }
}

describe("perf reader", () => {
  it("gives the CPUs turns, keeps each one's order, and stops at a mark", () => {
    const models = [0, 1, 2].map(() => new PerfModel(8192));
    const reader = new PerfReader(
      models.map(({ memory }, cpu) => ({ cpu: cpu * 2, memory })),
      "events",
    );
    assert.equal(reader.next(), false);
    for (let i = 0; i < 300; i += 1) models[1]!.output(payload(i, 1));
    models[2]!.output(payload(7, 1));
    assert.equal(reader.hasData(), true);
    const mark = reader.mark();
    models[0]!.output(payload(9, 1));
    const cpus: number[] = [];
    while (!reader.hasReached(mark) && reader.next()) cpus.push(reader.cpu);
    assert.ok(cpus.indexOf(4) <= 65 + 1, "one busy CPU does not hold up another");
    assert.equal(cpus.filter((cpu) => cpu === 2).length, 300);
    while (reader.next());
    for (const { memory } of models) assert.equal(memory.tail[0], memory.head[0]);
    assert.equal(reader.hasData(), false);
  });
});

describe("perf reader: ring by ring", () => {
  const threeRings = (): { models: PerfModel[]; reader: PerfReader } => {
    const models = [0, 1, 2].map(() => new PerfModel(8192));
    const rings = models.map(({ memory }, cpu) => ({ cpu, memory }));
    return { models, reader: new PerfReader(rings, "events") };
  };

  it("takes them in turn, and gives back what was read", () => {
    const { models, reader } = threeRings();
    assert.equal(reader.nextRing(), false);
    for (const cpu of [0, 2]) for (let i = 0; i < 3; i += 1) models[cpu]!.output(payload(i, 4));
    const cpus: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      assert.equal(reader.nextRing(), true);
      assert.equal(reader.current.next(), true);
      cpus.push(reader.cpu);
    }
    assert.deepEqual(cpus, [2, 0, 2, 0]);
    assert.equal(models[2]!.memory.tail[0], 32n);
    assert.ok(reader.current.next() && reader.nextRing() && reader.current.next());
    assert.equal(reader.nextRing(), false);
    for (const { memory } of models) assert.equal(memory.tail[0], memory.head[0]);
  });

  it("leaves less than is due where it is, unless there is a place to stop at", () => {
    const { models, reader } = threeRings();
    reader.due = 64;
    for (let i = 0; i < 3; i += 1) models[1]!.output(payload(i, 4));
    assert.equal(reader.nextRing(), false);
    models[0]!.output(payload(9, 4));
    models[1]!.output(payload(9, 4));
    assert.equal(reader.nextRing(), true);
    assert.ok(reader.current.next() && reader.current.next());
    assert.equal(reader.nextRing(), false);
    reader.mark();
    let left = 0;
    while (reader.nextRing()) for (; reader.current.next(); left += 1);
    assert.equal(left, 3);
  });

  it("a ring with nothing but news of losses is read, and is not a ring with a sample", () => {
    const { models, reader } = threeRings();
    models[1]!.write(13, [5n]);
    assert.equal(reader.nextRing(), false);
    assert.equal(reader.consumers[1]!.lost, 5);
    assert.equal(reader.hasData(), false);
  });
});

describe("perf snapshot", () => {
  it("shows the newest first, and of the oldest only what is whole", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 40 }), (lengths) => {
        const model = new PerfModel(size, { backward: true });
        const events = lengths.map((length, i) => payload(i, length));
        for (const event of events) assert.ok(model.output(event));
        const { data, samples, lost } = takeSnapshot(model.memory, "events");
        assert.equal(lost, 0);
        let room = size;
        const expected: Uint8Array[] = [];
        for (const event of events.reverse()) {
          room -= Math.ceil((event.length + 4) / 8) * 8 + 8;
          if (room < 0) break;
          expected.push(event);
        }
        assert.equal(samples.length, expected.length);
        for (const [i, { offset, length }] of samples.entries())
          sameAs(data.subarray(offset, offset + length), expected[i]!);
      }),
    );
  });

  it("refuses whatever is impossible", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: size, maxLength: size }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (bytes, head) => {
          const model = new PerfModel(size, { backward: true });
          model.memory.data.set(bytes);
          model.memory.head[0] = head;
          try {
            const { data, samples } = takeSnapshot(model.memory, "events");
            assert.ok(samples.every(({ offset, length }) => offset + length <= data.length));
          } catch (error) {
            assert.ok(error instanceof EbpfError && error.code === "BAD_RING", String(error));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
