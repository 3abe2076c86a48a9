import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { recordSize, ringFull, RingProducer } from "../../src/ring/index.ts";
import { E2BIG, EINVAL, kernelDrain, makeMemory, payload, type MemoryOptions } from "./kernel-model.ts";

function setUp(size = 4096, options: MemoryOptions = {}) {
  const memory = makeMemory(size, options);
  return { memory, producer: new RingProducer(memory, "samples") };
}

function send(producer: RingProducer, bytes: Uint8Array): void {
  const offset = producer.reserve(bytes.length);
  producer.memory.data.set(bytes, offset);
  producer.submit(offset);
}

function drained(memory: ReturnType<typeof makeMemory>): { result: number; seen: Uint8Array[] } {
  const seen: Uint8Array[] = [];
  const result = kernelDrain(memory, (bytes) => (seen.push(bytes), 0));
  return { result, seen };
}

describe("producer: what the kernel drains", () => {
  it("samples of all sizes, odd ones are padded, around the end of the ring many times", () => {
    const { memory, producer } = setUp();
    for (let i = 0; i < 600; i += 1) {
      send(producer, payload(i, i));
      assert.deepEqual(drained(memory), { result: 1, seen: [payload(i, i)] });
    }
    assert.equal(producer.submitted, 600);
  });

  it("one sample that fills the ring", () => {
    const { memory, producer } = setUp();
    send(producer, payload(1, 4088));
    assert.equal(producer.free, 0);
    assert.equal(producer.occupied, 4096);
    assert.throws(() => producer.reserve(0), { code: "NO_SPACE" });
    assert.deepEqual(drained(memory), { result: 1, seen: [payload(1, 4088)] });
    assert.equal(producer.free, 4096);
  });

  it("nothing of a discarded sample", () => {
    const { memory, producer } = setUp();
    producer.discard(producer.reserve(100));
    send(producer, payload(2, 8));
    assert.deepEqual(drained(memory), { result: 1, seen: [payload(2, 8)] });
    assert.equal(producer.discarded, 1);
    assert.equal(memory.consumer[0], memory.producer[0]);
  });

  it("nothing behind a reservation that is open; the position is published when it is made", () => {
    const { memory, producer } = setUp();
    const first = producer.reserve(8);
    assert.equal(memory.producer[0], 16n);
    send(producer, payload(2, 8));
    assert.deepEqual(drained(memory), { result: 0, seen: [] });
    producer.submit(first);
    assert.equal(drained(memory).result, 2);
  });

  it("the header is as the uapi has it: busy, then the exact length, and 0 for the page", () => {
    const { memory, producer } = setUp();
    memory.data.fill(0xff);
    const view = new DataView(memory.data.buffer, memory.data.byteOffset);
    const offset = producer.reserve(39);
    assert.deepEqual([view.getUint32(0, true), view.getUint32(4, true)], [0x8000_0000 + 39, 0]);
    producer.submit(offset);
    assert.equal(view.getUint32(0, true), 39);
    producer.discard(producer.reserve(7));
    assert.equal(view.getUint32(48, true), 0x4000_0000 + 7);
  });

  it("the payload goes on into the second half without wrapping", () => {
    const { memory, producer } = setUp(4096, { start: 4088n });
    const offset = producer.reserve(64);
    assert.equal(offset, 4096);
    memory.data.set(payload(9, 64), offset);
    producer.submit(offset);
    assert.deepEqual(drained(memory).seen, [payload(9, 64)]);
  });

  for (const start of [2n ** 32n - 40n, 2n ** 53n - 40n]) {
    it(`samples across position ${start + 40n}`, () => {
      const { memory, producer } = setUp(4096, { start });
      for (let i = 0; i < 1000; i += 1) {
        send(producer, payload(i, 20));
        assert.equal(producer.producerPosition, start + BigInt(i + 1) * 32n);
        if (i % 90 === 89) assert.equal(drained(memory).result, 90);
      }
    });
  }

  it("five times what fits: exactly what fits", () => {
    const { memory, producer } = setUp();
    let accepted = 0;
    for (let i = 0; i < (4096 / 64) * 5; i += 1) {
      const offset = producer.tryReserve(56);
      if (offset === ringFull) continue;
      producer.submit(offset);
      accepted += 1;
    }
    assert.equal(accepted, 64);
    assert.equal(drained(memory).result, 64);
  });
});

describe("producer: refusals", () => {
  it("more than the ring can ever hold: TOO_BIG, also with the top bits set", () => {
    const { memory, producer } = setUp();
    for (const size of [4089, 4096, 2 ** 30, 2 ** 30 + 8, 2 ** 31 + 8, 2 ** 32 + 8, 2 ** 53]) {
      assert.throws(() => producer.reserve(size), { code: "TOO_BIG" });
      assert.throws(() => producer.tryReserve(size), { code: "TOO_BIG" });
    }
    assert.equal(memory.producer[0], 0n);
  });

  it("more than is free now: NO_SPACE, and nothing has changed", () => {
    const { memory, producer } = setUp();
    producer.reserve(4000);
    assert.throws(() => producer.reserve(100), {
      code: "NO_SPACE",
      message:
        "Cannot write 100 bytes to ring samples: only 88 of its 4096 bytes are free, wait until the other side has read",
    });
    assert.equal(producer.tryReserve(81), ringFull);
    assert.equal(memory.producer[0], 4008n);
    assert.ok(producer.tryReserve(80) > 0);
  });

  it("sizes that are none", () => {
    const { producer } = setUp();
    for (const size of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => producer.reserve(size), RangeError);
    }
    for (const size of ["8", undefined, null, 8n] as unknown as number[]) {
      assert.throws(() => producer.reserve(size), TypeError);
    }
  });

  it("offsets at which nothing is reserved", () => {
    const { producer } = setUp();
    const offset = producer.reserve(8);
    producer.submit(offset);
    for (const wrong of [offset, offset + 16, 0, 12, -8, 4104, 1e9, Number.NaN, 8.5]) {
      assert.throws(() => producer.submit(wrong), RangeError, String(wrong));
      assert.throws(() => producer.discard(wrong), RangeError, String(wrong));
    }
    assert.equal(producer.submitted, 1);
  });

  it("a closed ring takes nothing new; what was reserved can be ended while the memory is there", () => {
    const { memory, producer } = setUp();
    const [first, second] = [producer.reserve(8), producer.reserve(8)];
    producer.close();
    assert.throws(() => producer.reserve(8), { code: "CLOSED" });
    producer.submit(first);
    memory.open = false;
    assert.throws(() => producer.submit(second), { code: "CLOSED" });
    assert.equal(producer.occupied, 0);
  });
});

describe("reservation", () => {
  it("is written in place and submitted once", () => {
    const { memory, producer } = setUp();
    const sample = producer.reservation(39);
    assert.equal(sample.bytes.length, 39);
    sample.bytes.set(payload(3, 39));
    sample.submit();
    assert.deepEqual(drained(memory).seen, [payload(3, 39)]);
    for (const again of [() => sample.submit(), () => sample.discard(), () => sample.bytes]) {
      assert.throws(again, { code: "CLOSED" });
    }
  });

  it("does not end a later one at the same place", () => {
    const { memory, producer } = setUp(16);
    const stale = producer.reservation(8);
    stale.submit();
    drained(memory);
    producer.reservation(8);
    assert.throws(() => stale.submit(), { code: "CLOSED" });
    assert.equal(drained(memory).result, 0);
  });

  it("is discarded at the end of its block, unless it was submitted", () => {
    const { memory, producer } = setUp();
    {
      using kept = producer.reservation(8);
      using _dropped = producer.reservation(8);
      kept.submit();
    }
    assert.equal(drained(memory).result, 1);
    assert.equal(producer.discarded, 1);
    assert.equal(producer.submitted, 1);
  });

  it("of memory that is gone gives no bytes", () => {
    const { memory, producer } = setUp();
    const sample = producer.reservation(8);
    memory.open = false;
    assert.throws(() => sample.bytes, { code: "CLOSED" });
    sample[Symbol.dispose]();
  });
});

describe("the kernel's refusals, so that the model of it is known to be one", () => {
  const cases = [
    { title: "a producer position that is not a multiple of 8", header: 39, produced: 47n, result: EINVAL },
    { title: "more than was produced", header: 17, produced: 24n, result: EINVAL },
    { title: "larger than the ring", header: 4096, produced: 4104n, result: E2BIG },
  ];
  for (const { title, header, produced, result } of cases) {
    it(title, () => {
      const memory = makeMemory(4096);
      new DataView(memory.data.buffer, memory.data.byteOffset).setUint32(0, header, true);
      memory.producer[0] = produced;
      for (let turn = 0; turn < 2; turn += 1)
        assert.equal(
          kernelDrain(memory, () => 0),
          result,
        );
      assert.equal(memory.consumer[0], 0n);
    });
  }

  it("sizes are rounded up to 8", () => {
    assert.deepEqual([0, 1, 8, 9, 39, 40].map(recordSize), [8, 16, 16, 24, 48, 48]);
  });
});
