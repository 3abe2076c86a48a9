import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RingConsumer, ringFull, RingProducer } from "../../src/ring/index.ts";
import { KernelRing, kernelDrain, makeMemory, payload, type KernelRecord } from "./kernel-model.ts";

type Step =
  | { readonly do: "reserve"; readonly length: number }
  | { readonly do: "commit"; readonly which: number; readonly discard: boolean }
  | { readonly do: "drain"; readonly max: number }
  | { readonly do: "read"; readonly flush: boolean };

const ringSize = 512;
const length = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: ringSize }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("reserve" as const), length }),
  fc.record({ do: fc.constant("commit" as const), which: fc.nat(), discard: fc.boolean() }),
  fc.record({ do: fc.constant("drain" as const), max: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ do: fc.constant("read" as const), flush: fc.boolean() }),
);
/** Near every power of two at which a word of the position runs over. */
const start = fc
  .tuple(
    fc.constantFrom(0n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n),
    fc.integer({ min: -100, max: 100 }),
  )
  .map(([near, eighths]) => BigInt.asUintN(64, near + BigInt(eighths) * 8n));

interface Expected {
  readonly number: number;
  readonly record: KernelRecord;
  state: "busy" | "committed" | "discarded";
}

/** What a reader must get: the committed records up to the first busy one. Those are taken from `records`. */
function takeExpected(records: Expected[], max: number): { readonly numbers: number[]; readonly discarded: number } {
  const numbers: number[] = [];
  let discarded = 0;
  while (records.length > 0 && records[0]!.state !== "busy" && numbers.length < max) {
    const { number, state } = records.shift()!;
    if (state === "discarded") discarded += 1;
    else numbers.push(number);
  }
  return { numbers, discarded };
}

describe("properties", () => {
  it("the consumer gets exactly what the kernel committed, in order, whatever the history", () => {
    fc.assert(
      fc.property(start, fc.array(step, { minLength: 1, maxLength: 120 }), (from, steps) => {
        const memory = makeMemory(ringSize, { start: from });
        const kernel = new KernelRing(memory);
        const consumer = new RingConsumer(memory);
        const records: Expected[] = [];
        let [produced, committed, handedOut, discarded] = [0, 0, 0, 0];
        const check = (numbers: number[], skipped: number, seen: Uint8Array[], lengths: number[]): void => {
          assert.deepEqual(
            seen,
            numbers.map((number, i) => payload(number, lengths[i]!)),
          );
          handedOut += numbers.length;
          discarded += skipped;
          assert.equal(consumer.received, handedOut);
        };
        for (const each of steps) {
          switch (each.do) {
            case "reserve": {
              const record = kernel.reserve(each.length);
              if (record === undefined) break;
              produced += 1;
              records.push({ number: produced, record, state: "busy" });
              memory.data.set(payload(produced, each.length), record.offset);
              break;
            }
            case "commit": {
              const open = records.filter(({ state }) => state === "busy");
              const chosen = open[each.which % open.length];
              if (chosen === undefined) break;
              kernel.commit(chosen.record, each.discard);
              chosen.state = each.discard ? "discarded" : "committed";
              committed += 1;
              break;
            }
            case "drain": {
              const lengths = records.filter(({ state }) => state === "committed").map(({ record }) => record.length);
              const { numbers, discarded: skipped } = takeExpected(records, each.max);
              const seen: Uint8Array[] = [];
              const result = consumer.drain((data, offset, size) => void seen.push(data.slice(offset, offset + size)), {
                max: each.max,
              });
              check(numbers, skipped, seen, lengths);
              // Discarded records behind the last one that `max` allows are passed by the next drain.
              assert.equal(result.discarded, skipped);
              if (result.state !== "limit") assert.equal(result.state, records.length === 0 ? "empty" : "busy");
              assert.equal(memory.consumer[0], consumer.consumerPosition);
              break;
            }
            case "read": {
              const lengths = records.filter(({ state }) => state === "committed").map(({ record }) => record.length);
              const { numbers, discarded: skipped } = takeExpected(records, 1);
              const offset = consumer.read();
              const seen = offset >= 0 ? [memory.data.slice(offset, offset + consumer.length)] : [];
              check(numbers, skipped, seen, lengths);
              if (each.flush) consumer.flush();
              break;
            }
          }
          assert.equal(consumer.discarded, discarded);
          assert.equal(consumer.available, Number(BigInt.asUintN(64, memory.producer[0]! - consumer.consumerPosition)));
        }
        assert.equal(handedOut + discarded + records.filter(({ state }) => state !== "busy").length, committed);
      }),
      { numRuns: 500 },
    );
  });

  it("the kernel drains exactly what the producer submitted, in order, whatever the history", () => {
    fc.assert(
      fc.property(
        // The kernel's order of checks takes positions for plain numbers, so none runs over 2^64 here.
        start.filter((from) => from < 2n ** 64n - 2n ** 20n),
        fc.array(step, { minLength: 1, maxLength: 120 }),
        (from, steps) => {
          const memory = makeMemory(ringSize, { start: from });
          const producer = new RingProducer(memory);
          const open: { readonly offset: number; readonly entry: { state: string } }[] = [];
          const entries: { readonly bytes: Uint8Array; state: string }[] = [];
          let [number, used] = [0, 0];
          for (const each of steps) {
            if (each.do === "reserve" && each.length <= ringSize - 8) {
              const needed = Math.ceil((each.length + 8) / 8) * 8;
              const offset = producer.tryReserve(each.length);
              assert.equal(offset !== ringFull, used + needed <= ringSize);
              if (offset === ringFull) continue;
              used += needed;
              const bytes = payload((number += 1), each.length);
              const entry = { bytes, state: "busy" };
              memory.data.set(bytes, offset);
              entries.push(entry);
              open.push({ offset, entry });
            } else if (each.do === "commit" && open.length > 0) {
              const [{ offset, entry }] = open.splice(each.which % open.length, 1) as [(typeof open)[0]];
              if (each.discard) producer.discard(offset);
              else producer.submit(offset);
              entry.state = each.discard ? "discarded" : "submitted";
            } else if (each.do === "drain") {
              const seen: Uint8Array[] = [];
              const expected: Uint8Array[] = [];
              while (entries.length > 0 && entries[0]!.state !== "busy") {
                const { bytes, state } = entries.shift()!;
                used -= Math.ceil((bytes.length + 8) / 8) * 8;
                if (state === "submitted") expected.push(bytes);
              }
              assert.equal(
                kernelDrain(memory, (bytes) => (seen.push(bytes), 0)),
                expected.length,
              );
              assert.deepEqual(seen, expected);
            }
            assert.equal(producer.occupied, used);
            assert.equal(producer.free, ringSize - used);
          }
          assert.equal(number, producer.submitted + producer.discarded + open.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
