import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ringBusy, RingConsumer, ringEmpty, ringSkipped } from "../../src/ring/index.ts";
import type { ConsumerDrainOptions } from "../../src/ring/index.ts";
import { KernelRing, makeMemory, payload, type MemoryOptions } from "./kernel-model.ts";

function setUp(size = 4096, options: MemoryOptions = {}) {
  const memory = makeMemory(size, options);
  return { memory, kernel: new KernelRing(memory), consumer: new RingConsumer(memory, "events") };
}

/** The first byte of every record that the drain hands out. */
function firstBytes(consumer: RingConsumer, limits?: ConsumerDrainOptions): { seen: number[]; state: string } {
  const seen: number[] = [];
  const { state, delivered } = consumer.drain((data, offset) => void seen.push(data[offset]!), limits);
  assert.equal(delivered, seen.length);
  return { seen, state };
}

describe("consumer: what is handed out", () => {
  it("nothing from an empty ring", () => {
    const { consumer } = setUp();
    assert.deepEqual(
      consumer.drain(() => assert.fail()),
      { delivered: 0, discarded: 0, state: "empty" },
    );
    assert.equal(consumer.read(), ringEmpty);
  });

  it("every record once, in order, with its own bytes", () => {
    const { kernel, consumer } = setUp();
    const sizes = [0, 1, 7, 8, 9, 39, 40, 1000];
    for (const [i, size] of sizes.entries()) assert.ok(kernel.output(payload(i, size)));
    const seen: Uint8Array[] = [];
    consumer.drain((data, offset, length) => void seen.push(data.slice(offset, offset + length)));
    assert.deepEqual(
      seen,
      sizes.map((size, i) => payload(i, size)),
    );
    assert.equal(consumer.received, sizes.length);
    assert.equal(consumer.available, 0);
  });

  it("no discarded record: they are counted apart", () => {
    const { kernel, consumer, memory } = setUp();
    const records = [kernel.reserve(8)!, kernel.reserve(8)!, kernel.reserve(8)!];
    memory.data[records[0]!.offset] = 1;
    memory.data[records[2]!.offset] = 3;
    for (const [i, record] of records.entries()) kernel.commit(record, i === 1);
    const seen: number[] = [];
    const result = consumer.drain((data, offset) => void seen.push(data[offset]!));
    assert.deepEqual(result, { delivered: 2, discarded: 1, state: "empty" });
    assert.deepEqual(seen, [1, 3]);
    assert.equal(consumer.discarded, 1);
    assert.equal(memory.consumer[0], 48n);
  });

  it("nothing behind a record that is not committed", () => {
    const { kernel, consumer, memory } = setUp();
    kernel.output(payload(1, 8));
    const busy = kernel.reserve(8)!;
    kernel.output(payload(3, 8));
    assert.deepEqual(firstBytes(consumer), { seen: [payload(1, 1)[0]], state: "busy" });
    assert.equal(memory.consumer[0], 16n, "what was read is given back while it waits");
    assert.equal(consumer.read(), ringBusy);
    kernel.commit(busy);
    assert.equal(firstBytes(consumer).seen.length, 2);
  });

  it("records that the producer adds meanwhile, unless it is told not to rescan", () => {
    const { kernel, consumer } = setUp();
    kernel.output(payload(1, 8));
    let more = 3;
    const { delivered } = consumer.drain(() => void (more-- > 0 && kernel.output(payload(2, 8))));
    assert.equal(delivered, 4);
    kernel.output(payload(1, 8));
    const once = consumer.drain(() => void kernel.output(payload(2, 8)), { rescan: false });
    assert.deepEqual(once, { delivered: 1, discarded: 0, state: "limit" });
    assert.equal(consumer.drain(() => {}, { rescan: false }).state, "empty");
  });

  it("a record that runs past the end of the data is in one piece", () => {
    const { kernel, consumer } = setUp(4096, { start: 4096n - 16n });
    kernel.output(payload(5, 100));
    const seen: Uint8Array[] = [];
    consumer.drain((data, offset, length) => void seen.push(data.slice(offset, offset + length)));
    assert.deepEqual(seen, [payload(5, 100)]);
  });

  it("the largest record that the kernel gives, size - 16", () => {
    const { kernel, consumer } = setUp(4096, { start: 4000n });
    assert.equal(kernel.output(payload(1, 4081)), false);
    assert.ok(kernel.output(payload(1, 4080)));
    assert.equal(consumer.drain((_, __, length) => void assert.equal(length, 4080)).delivered, 1);
  });

  it("a record that fills the ring to the last byte, as Windows allows", () => {
    const { consumer, memory } = setUp();
    new DataView(memory.data.buffer, memory.data.byteOffset).setUint32(0, 4088, true);
    memory.producer[0] = 4096n;
    assert.equal(consumer.drain((_, __, length) => void assert.equal(length, 4088)).delivered, 1);
    assert.equal(memory.consumer[0], 4096n);
  });

  it("never mind what stands in the second word of the header", () => {
    const { kernel, consumer, memory } = setUp();
    const record = kernel.reserve(8)!;
    new Uint32Array(memory.data.buffer, memory.data.byteOffset)[1] = 0xffff_ffff;
    kernel.commit(record);
    assert.equal(firstBytes(consumer).seen.length, 1);
  });
});

describe("consumer: when it stops", () => {
  it("after the record for which the callback gave false", () => {
    const { kernel, consumer, memory } = setUp();
    for (let i = 0; i < 3; i += 1) kernel.output(payload(i, 8));
    assert.deepEqual(
      consumer.drain(() => false),
      { delivered: 1, discarded: 0, state: "stopped" },
    );
    assert.equal(memory.consumer[0], 16n);
  });

  it("after the record for which the callback threw", () => {
    const { kernel, consumer, memory } = setUp();
    for (let i = 0; i < 3; i += 1) kernel.output(payload(i, 8));
    assert.throws(
      () =>
        consumer.drain(() => {
          throw new Error("mine");
        }),
      /^Error: mine$/,
    );
    assert.equal(memory.consumer[0], 16n);
    assert.equal(consumer.received, 1);
    assert.equal(firstBytes(consumer).seen.length, 2);
  });

  it("at `max`, in whole batches of 32 by 4", () => {
    const { kernel, consumer } = setUp();
    for (let i = 0; i < 32; i += 1) kernel.output(payload(i, 8));
    for (let turn = 0; turn < 8; turn += 1) {
      const { seen, state } = firstBytes(consumer, { max: 4 });
      assert.deepEqual(
        seen,
        [0, 1, 2, 3].map((i) => payload(turn * 4 + i, 1)[0]),
      );
      assert.equal(state, "limit");
    }
    assert.deepEqual(firstBytes(consumer, { max: 4 }), { seen: [], state: "empty" });
  });

  it("when its time is up, also in a flood that would never end", () => {
    const { kernel, consumer } = setUp();
    kernel.output(payload(0, 8));
    const start = process.cpuUsage();
    const { delivered, state } = consumer.drain(() => void kernel.output(payload(1, 8)), { budgetMs: 20 });
    assert.equal(state, "limit");
    assert.ok(delivered > 1);
    // Of the processor: others may have it meanwhile.
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 2_000_000);
  });

  it("discarded records use up the time too", () => {
    const { kernel, consumer } = setUp(1 << 16);
    for (let i = 0; i < 4000; i += 1) kernel.commit(kernel.reserve(8)!, true);
    assert.equal(consumer.read(), ringSkipped);
    assert.equal(consumer.discarded, 1024);
    assert.deepEqual(
      consumer.drain(() => assert.fail(), { budgetMs: 0 }),
      { delivered: 0, discarded: 32, state: "limit" },
    );
    assert.equal(consumer.drain(() => assert.fail()).discarded, 4000 - 1024 - 32);
  });

  it("refuses limits that are none", () => {
    const { consumer } = setUp();
    for (const limits of [{ max: 0 }, { max: -1 }, { max: Number.NaN }, { budgetMs: -1 }]) {
      assert.throws(() => consumer.drain(() => {}, limits), RangeError);
    }
  });
});

describe("consumer: its position", () => {
  it("is published at most 1/32 of the ring apart, and not for every record", () => {
    const { kernel, consumer, memory } = setUp(1 << 16);
    while (kernel.output(payload(1, 40)));
    let read = 0n;
    const published = new Set<bigint>();
    consumer.drain(() => {
      const position = Atomics.load(memory.consumer, 0);
      published.add(position);
      assert.ok(read - position < BigInt((1 << 16) / 32), `${read} - ${position}`);
      read += 48n;
    });
    assert.ok(published.size <= 33, `${published.size} publications`);
    assert.equal(memory.consumer[0], memory.producer[0]);
  });

  it("of a record at hand is not yet given back", () => {
    const { kernel, consumer, memory } = setUp();
    const position = 0n;
    kernel.output(payload(1, 2000));
    consumer.drain(() => void assert.equal(Atomics.load(memory.consumer, 0), position));
    kernel.output(payload(1, 2000));
    assert.ok(consumer.read() > 0);
    assert.equal(memory.consumer[0], 2008n);
    consumer.flush();
    assert.equal(memory.consumer[0], 4016n);
  });

  it("tells what waits, also before it is published", () => {
    const { kernel, consumer } = setUp(1 << 16);
    for (let i = 0; i < 4; i += 1) kernel.output(payload(i, 8));
    assert.equal(consumer.available, 64);
    consumer.read();
    assert.equal(consumer.available, 48);
    assert.equal(consumer.consumerPosition, 16n);
    assert.equal(consumer.producerPosition, 64n);
    assert.equal(consumer.size, 1 << 16);
  });

  it("goes on where another consumer of the same memory left off", () => {
    const { kernel, consumer, memory } = setUp();
    const other = new RingConsumer(memory);
    for (let turn = 0; turn < 20; turn += 1) {
      for (let i = 0; i < 10; i += 1) kernel.output(payload(turn, 30));
      assert.equal(firstBytes(turn % 2 === 0 ? consumer : other, { max: 7 }).seen.length, 7);
      assert.equal(firstBytes(turn % 2 === 0 ? other : consumer).seen.length, 3);
    }
  });

  for (const start of [2n ** 32n - 64n, 2n ** 53n - 64n, 2n ** 63n - 64n, 2n ** 64n - 64n]) {
    it(`passes ${start + 64n}`, () => {
      const { kernel, consumer, memory } = setUp(4096, { start });
      let position = start;
      for (let i = 0; i < 1000; i += 1) {
        assert.ok(kernel.output(payload(i, 20)));
        assert.deepEqual(firstBytes(consumer), { seen: [payload(i, 1)[0]], state: "empty" });
        position = BigInt.asUintN(64, position + 32n);
        assert.equal(memory.consumer[0], position);
        assert.equal(consumer.consumerPosition, position);
      }
    });
  }
});

describe("consumer: misuse", () => {
  it("a callback may not read the ring that it is called for", () => {
    const { kernel, consumer } = setUp();
    kernel.output(payload(1, 8));
    kernel.output(payload(2, 8));
    const result = consumer.drain(() => {
      assert.throws(() => consumer.drain(() => {}), { code: "BUSY" });
      assert.throws(() => consumer.read(), { code: "BUSY" });
    });
    assert.equal(result.delivered, 2);
  });

  it("a closed ring says so", () => {
    const { kernel, consumer, memory } = setUp();
    kernel.output(payload(1, 8));
    consumer.close();
    consumer.close();
    assert.throws(() => consumer.read(), { code: "CLOSED", message: "Cannot read ring events: it is closed" });
    assert.throws(() => consumer.drain(() => {}), { code: "CLOSED" });
    const other = new RingConsumer(memory);
    memory.open = false;
    assert.throws(() => other.read(), { code: "CLOSED" });
    assert.equal(other.available, 0);
  });

  it("a callback may close the ring, or its memory may go", () => {
    for (const leave of [
      (c: RingConsumer) => c.close(),
      (_: RingConsumer, memory: { open: boolean }) => void (memory.open = false),
    ]) {
      const { kernel, consumer, memory } = setUp();
      kernel.output(payload(1, 8));
      kernel.output(payload(2, 8));
      const result = consumer.drain(() => leave(consumer, memory));
      assert.deepEqual(result, { delivered: 1, discarded: 0, state: "stopped" });
      assert.equal(memory.consumer[0], memory.open ? 16n : 0n, "memory that is gone is not written");
    }
  });

  it("memory that is no ring is refused", () => {
    const memory = makeMemory(4096);
    for (const size of [0, 4, 4095, 5000, 2 ** 31, 8.5, Number.NaN]) {
      assert.throws(() => new RingConsumer({ ...memory, size }), RangeError);
    }
    assert.throws(() => new RingConsumer({ ...memory, size: 8192 }), RangeError);
    assert.throws(() => new RingConsumer({ ...memory, data: memory.data.subarray(4) }), RangeError);
    assert.throws(() => new RingConsumer({ ...memory, producer: new BigUint64Array(0) }), RangeError);
  });
});
