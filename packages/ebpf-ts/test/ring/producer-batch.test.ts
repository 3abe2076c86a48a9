import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RingConsumer } from "../../src/ring/consumer.ts";
import { ringFull, RingProducer } from "../../src/ring/producer.ts";
import type { RingMemory } from "../../src/ring/ring-memory.ts";

const size = 256;

function ring(position = 0n): RingMemory & { open: boolean } {
  return {
    size,
    consumer: BigUint64Array.of(position),
    producer: BigUint64Array.of(position),
    data: new Uint8Array(2 * size),
    open: true,
  };
}

function received(memory: RingMemory): number[] {
  const found: number[] = [];
  new RingConsumer(memory).drain((data, offset, length) => {
    found.push(length === 0 ? 0 : data[offset]!);
  });
  return found;
}

describe("a producer's batch", () => {
  for (const start of [0n, 2n ** 32n - 64n, 2n ** 64n - 128n]) {
    it(`is published by one move of the position, from ${start} on`, () => {
      const memory = ring(start);
      const producer = new RingProducer(memory);
      for (let i = 0; i < 10; i += 1) memory.data[producer.stage(16)] = i;
      assert.equal(producer.stage(16), ringFull);
      assert.equal(memory.producer[0], start);
      assert.equal(producer.submitted, 0);
      assert.equal(producer.publish(), 10);
      assert.equal(memory.producer[0], BigInt.asUintN(64, start + 240n));
      assert.equal(producer.submitted, 10);
      assert.deepEqual(received(memory), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });
  }

  it("fills the ring to its last byte, and no further", () => {
    const memory = ring();
    const producer = new RingProducer(memory);
    assert.notEqual(producer.stage(size - 16), ringFull);
    assert.notEqual(producer.stage(0), ringFull);
    assert.equal(producer.stage(0), ringFull);
    assert.equal(producer.publish(), 2);
    assert.equal(producer.free, 0);
  });

  it("is without what was taken back", () => {
    const memory = ring();
    const producer = new RingProducer(memory);
    memory.data[producer.stage(8)] = 1;
    producer.stage(100);
    producer.unstage();
    memory.data[producer.stage(8)] = 2;
    assert.equal(producer.publish(), 2);
    assert.deepEqual(received(memory), [1, 2]);
  });

  it("lets nobody reserve where it stands, until it is published or abandoned", () => {
    const memory = ring();
    const producer = new RingProducer(memory);
    producer.stage(8);
    assert.throws(() => producer.tryReserve(8), { code: "BUSY" });
    producer.abandon();
    producer.submit(producer.reserve(8));
    producer.stage(8);
    assert.equal(producer.publish(), 1);
    assert.equal(producer.publish(), 0);
    assert.equal(memory.producer[0], 32n);
  });

  it("comes to nothing in a ring that was closed meanwhile", () => {
    const memory = ring();
    const producer = new RingProducer(memory);
    producer.stage(8);
    memory.open = false;
    assert.equal(producer.publish(), 0);
    assert.equal(memory.producer[0], 0n);
  });

  it("refuses sizes and positions that cannot be", () => {
    const memory = ring();
    const producer = new RingProducer(memory);
    for (const bad of [-1, 0.5, Number.NaN]) assert.throws(() => producer.stage(bad), RangeError);
    assert.throws(() => producer.stage(size - 7), { code: "TOO_BIG" });
    memory.consumer[0] = 8n;
    assert.throws(() => producer.stage(8), { code: "BAD_RING" });
  });
});
