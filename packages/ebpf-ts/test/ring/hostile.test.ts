import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import { RingConsumer, ringEmpty, RingProducer } from "../../src/ring/index.ts";
import { KernelRing, makeMemory, payload } from "./kernel-model.ts";

const size = 4096;
const start = 2n ** 32n - 1024n;

function setUp(from = start) {
  const memory = makeMemory(size, { start: from });
  const kernel = new KernelRing(memory);
  return {
    memory,
    kernel,
    consumer: new RingConsumer(memory, "events"),
    producer: new RingProducer(memory, "samples"),
  };
}

describe("hostile producer, seen by the consumer", () => {
  const positions = [
    {
      title: "not a multiple of 8",
      forged: start + 20n,
      says: /the producer position 4294966292 is not a multiple of 8/,
    },
    {
      title: "behind the consumer",
      forged: start - 8n,
      says: /the producer position 4294966264 is behind the consumer position 4294966272/,
    },
    { title: "behind by far", forged: 0n, says: /the producer position 0 is behind the consumer position/ },
    { title: "too far ahead", forged: start + BigInt(size) + 8n, says: /more than the ring's 4096 bytes ahead/ },
    { title: "ahead by 2^32", forged: start + 2n ** 32n, says: /more than the ring's 4096 bytes ahead/ },
    {
      title: "ahead by 2^32 and a little",
      forged: start + 2n ** 32n + 16n,
      says: /more than the ring's 4096 bytes ahead/,
    },
    { title: "ahead by 2^63", forged: start + 2n ** 63n, says: /is behind/ },
  ];
  for (const { title, forged, says } of positions) {
    it(`a position ${title}`, () => {
      const { memory, consumer } = setUp();
      Atomics.store(memory.producer, 0, forged);
      assert.throws(() => consumer.drain(() => assert.fail()), { code: "BAD_RING", message: says });
      assert.equal(memory.consumer[0], start);
      Atomics.store(memory.producer, 0, start);
      const later = new RingConsumer(memory);
      assert.equal(later.read(), ringEmpty);
      Atomics.store(memory.producer, 0, forged);
      assert.throws(() => later.read(), { code: "BAD_RING", message: says });
    });
  }

  const headers = [
    {
      title: "longer than what was produced",
      header: 9,
      produced: 16n,
      says: /claims 9 bytes, but with its header only 16 bytes/,
    },
    { title: "longer than the ring", header: 0x3fff_ffff, produced: 4096n, says: /claims 1073741823 bytes/ },
    { title: "busy and too long", header: 0x8000_0000 + 17, produced: 24n, says: /claims 17 bytes/ },
    { title: "discarded and too long", header: 0x4000_0000 + 17, produced: 24n, says: /claims 17 bytes/ },
  ];
  for (const { title, header, produced, says } of headers) {
    it(`a header ${title}: after what was good`, () => {
      const { memory, kernel, consumer } = setUp();
      kernel.output(payload(1, 8));
      const at = Number((start + 16n) % BigInt(size));
      new DataView(memory.data.buffer, memory.data.byteOffset).setUint32(at, header, true);
      memory.producer[0] = start + 16n + produced;
      let delivered = 0;
      if (produced === 4096n) memory.producer[0] -= 16n;
      assert.throws(() => consumer.drain(() => void (delivered += 1)), { code: "BAD_RING", message: says });
      assert.equal(delivered, 1);
      assert.equal(memory.consumer[0], start + 16n, "not past the broken record");
    });
  }

  it("the ring stays poisoned, with the same error, also when it looks sane again", () => {
    const { memory, consumer, kernel } = setUp();
    memory.producer[0] = start + 4n;
    const errors: unknown[] = [];
    const attempt = (read: () => void): void => {
      try {
        read();
        assert.fail("It was read");
      } catch (error) {
        errors.push(error);
      }
    };
    attempt(() => consumer.drain(() => {}));
    memory.producer[0] = start;
    kernel.output(payload(1, 8));
    attempt(() => consumer.drain(() => {}));
    attempt(() => consumer.read());
    attempt(() => consumer.drain(() => {}, { rescan: false }));
    assert.ok(errors[0] instanceof EbpfError);
    for (const error of errors) assert.equal(error, errors[0]);
    assert.equal(memory.consumer[0], start);
  });

  it("a consumer position that somebody forged before it was opened", () => {
    const memory = makeMemory(size);
    memory.consumer[0] = 4n;
    assert.throws(() => new RingConsumer(memory).read(), {
      code: "BAD_RING",
      message: /consumer position 4 is not a multiple of 8/,
    });
  });

  it("whatever stands in the memory: records inside of it, or BAD_RING", () => {
    const word = fc.oneof(
      fc.integer({ min: 0, max: 64 }),
      fc.integer({ min: 0, max: 64 }).map((length) => length + 0x4000_0000),
      fc.integer({ min: 0, max: 0xffff_ffff }),
    );
    const position = fc.oneof(
      fc.bigInt({ min: 0n, max: 600n }).map((value) => value * 8n),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    );
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 128, maxLength: 128 }),
        position,
        position,
        (words, consumed, produced) => {
          const memory = makeMemory(512);
          new Uint32Array(memory.data.buffer, memory.data.byteOffset).set(words);
          memory.consumer[0] = consumed;
          memory.producer[0] = produced;
          const consumer = new RingConsumer(memory);
          let bytes = 0;
          try {
            const { discarded } = consumer.drain((data, offset, length) => {
              assert.ok(offset >= 8 && offset % 8 === 0 && offset + length <= data.length);
              bytes += 8 + length;
            });
            assert.ok(bytes <= 512 && discarded <= 64);
          } catch (error) {
            assert.ok(error instanceof EbpfError && error.code === "BAD_RING", String(error));
          }
          assert.ok(BigInt.asUintN(64, memory.consumer[0] - consumed) <= 512n);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("that discards, or takes back, what was found: what was handed out is counted all the same", () => {
    const memory = makeMemory(4096);
    const kernel = new KernelRing(memory);
    const consumer = new RingConsumer(memory, "events");
    const words = new Int32Array(memory.data.buffer, memory.data.byteOffset, memory.size / 4);
    const discard = 0x4000_0000;
    for (const flip of [(word: number) => word | discard, (word: number) => word & ~discard]) {
      const before = consumer.received;
      const first = Number(consumer.consumerPosition & 4095n) / 4;
      for (let i = 0; i < 3; i++) assert.ok(kernel.output(payload(i, 8)));
      if (flip(discard) === 0) words[first + 4]! |= discard;
      assert.ok(consumer.lookAhead() > 0);
      words[first + 4] = flip(words[first + 4]!);
      let seen = 0;
      while (consumer.readAhead() >= 0) seen += 1;
      assert.ok(kernel.output(payload(3, 8)));
      assert.ok(consumer.lookAhead() > 0);
      while (consumer.readAhead() >= 0) seen += 1;
      assert.equal(consumer.received - before, seen);
    }
  });
});

describe("hostile consumer, seen by the producer", () => {
  const positions = [
    {
      title: "not a multiple of 8",
      forged: start + 4n,
      says: /the consumer position 4294966276 is not a multiple of 8/,
    },
    { title: "ahead of the producer", forged: start + 8n, says: /is behind the consumer position/ },
    { title: "ahead by 2^32", forged: start + 2n ** 32n, says: /is behind the consumer position/ },
    {
      title: "more than the ring behind",
      forged: start - BigInt(size) - 8n,
      says: /more than the ring's 4096 bytes ahead/,
    },
    { title: "at 0", forged: 0n, says: /more than the ring's 4096 bytes ahead/ },
  ];
  for (const { title, forged, says } of positions) {
    it(`a position ${title}`, () => {
      const { memory, producer } = setUp();
      Atomics.store(memory.consumer, 0, forged);
      for (let turn = 0; turn < 2; turn += 1) {
        assert.throws(() => producer.reserve(8), { code: "BAD_RING", message: says });
      }
      assert.equal(memory.producer[0], start);
    });
  }

  it("whatever the positions: a reservation inside of the memory, or an EbpfError", () => {
    const position = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: 150n }).map((value) => start + value * 4n),
    );
    fc.assert(
      fc.property(position, position, fc.integer({ min: 0, max: 600 }), (consumed, produced, length) => {
        const memory = makeMemory(512);
        memory.consumer[0] = consumed;
        memory.producer[0] = produced;
        try {
          const offset = new RingProducer(memory).reserve(length);
          assert.ok(offset >= 8 && offset + length <= memory.data.length);
          const used = BigInt.asUintN(64, produced - consumed);
          assert.ok(used + BigInt(length) + 8n <= 512n && produced % 8n === 0n && consumed % 8n === 0n);
        } catch (error) {
          assert.ok(
            error instanceof EbpfError && ["BAD_RING", "NO_SPACE", "TOO_BIG"].includes(error.code),
            String(error),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });
});
