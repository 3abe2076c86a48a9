import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RingConsumer } from "../../src/ring/consumer.ts";
import { ringEmpty } from "../../src/ring/reading.ts";
import { RingScanner } from "../../src/ring/ring-scanner.ts";
import { KernelRing, makeMemory, payload } from "./kernel-model.ts";

describe("RingScanner", () => {
  it("reads ahead, and gives back what it is told to, whatever the records", () => {
    const record = fc.record({ length: fc.nat(60), discard: fc.boolean() });
    const rounds = fc.array(fc.record({ records: fc.array(record, { maxLength: 12 }), hold: fc.nat(4) }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(rounds, fc.bigInt({ min: 0n, max: 2n ** 34n }), (list, start) => {
        const memory = makeMemory(512, { start: start * 8n });
        const kernel = new KernelRing(memory);
        const scanner = new RingScanner(memory);
        const ends: number[] = [];
        const model: bigint[] = [];
        let number = 0;
        for (const { records, hold } of list) {
          const expected: { number: number; length: number; end: bigint }[] = [];
          for (const { length, discard } of records) {
            const reserved = kernel.reserve(length);
            if (reserved === undefined) break;
            memory.data.set(payload(number, length), reserved.offset);
            kernel.commit(reserved, discard);
            if (!discard) expected.push({ number, length, end: memory.producer[0]! });
            number += 1;
          }
          for (const want of expected) {
            const offset = scanner.read();
            assert.ok(offset >= 0);
            assert.equal(scanner.length, want.length);
            assert.deepEqual(memory.data.slice(offset, offset + want.length), payload(want.number, want.length));
            ends.push(scanner.end);
            model.push(want.end);
          }
          assert.equal(scanner.read(), ringEmpty);
          while (ends.length > hold) {
            scanner.release(ends.shift()!);
            assert.equal(memory.consumer[0], model.shift());
          }
          if (hold === 0) {
            scanner.releaseAll();
            assert.equal(memory.consumer[0], memory.producer[0]);
          }
        }
      }),
    );
  });

  it("refuses what a consumer refuses, and ends with the memory", () => {
    const memory = makeMemory(512);
    const scanner = new RingScanner(memory, "events");
    memory.producer[0] = 4n;
    assert.throws(() => scanner.read(), { code: "BAD_RING" });
    memory.open = false;
    assert.throws(() => scanner.read(), { code: "CLOSED" });
    scanner.release(8);
    assert.equal(memory.consumer[0], 0n);
  });

  it("a consumer that rested meanwhile goes on behind it", () => {
    const memory = makeMemory(512);
    const kernel = new KernelRing(memory);
    const consumer = new RingConsumer(memory);
    for (let i = 0; i < 3; i += 1) kernel.output(payload(i, 8));
    const scanner = new RingScanner(memory);
    scanner.read();
    scanner.release(scanner.end);
    consumer.resume();
    assert.equal(consumer.consumerPosition, 16n);
    assert.equal(consumer.available, 32);
    const offset = consumer.read();
    assert.deepEqual(memory.data.slice(offset, offset + 8), payload(1, 8));
  });
});
