import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { makePerfRing, perfRingBytes, PerfRingState } from "../../src/engine/embedded/rings/perf/perf-ring-state.ts";
import { PerfWriter } from "../../src/engine/embedded/rings/perf/perf-writer.ts";
import { PerfConsumer } from "../../src/ring/perf/perf-consumer.ts";
import { takeSnapshot } from "../../src/ring/perf/perf-snapshot.ts";
import type { PerfMemory } from "../../src/ring/perf/perf-memory.ts";
import { payload } from "../ring/perf/perf-model.ts";

const size = 512;
const ENOSPC = -28;

function makeRing(start: bigint, backward: boolean, events = 1, wake = (): void => {}): Made {
  const buffer = new ArrayBuffer(perfRingBytes(size));
  makePerfRing(buffer, 0, { size, backward, watermark: size / 2, events, serial: 1 });
  const state = new PerfRingState(buffer, 0);
  state.head[0] = start;
  state.tail[0] = start;
  state.woken[0] = start;
  const { head, tail, data } = state;
  return { writer: new PerfWriter(state, 0, wake), memory: { size, head, tail, data, open: true }, state };
}

interface Made {
  readonly writer: PerfWriter;
  readonly memory: PerfMemory;
  readonly state: PerfRingState;
}

/** As it comes out: padded with zeros to the end of its record. */
function padded(bytes: Uint8Array): number[] {
  const all = new Uint8Array(Math.ceil((bytes.length + 4) / 8) * 8 - 4);
  all.set(bytes);
  return [...all];
}

describe("embedded perf writer", () => {
  const starts = [0n, 2n ** 32n - 256n, 2n ** 64n - 256n, 2n ** 31n - 64n];
  const write = fc.record({ write: fc.integer({ min: 0, max: 400 }) });
  const read = fc.record({ read: fc.integer({ min: 1, max: 6 }) });

  it("what it takes comes out of the consumer, in order, and what it refuses is counted: any mix of both", () => {
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.array(fc.oneof(write, read), { maxLength: 60 }), (start, steps) => {
        const { writer, memory } = makeRing(start, false);
        const consumer = new PerfConsumer(memory, "events");
        const waiting: number[][] = [];
        let refused = 0;
        const take = (): boolean => {
          if (!consumer.next()) return false;
          const { view, offset, length } = consumer;
          const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
          assert.deepEqual([...bytes], waiting.shift());
          return true;
        };
        for (const [index, step] of steps.entries()) {
          if ("write" in step) {
            const bytes = payload(index, step.write);
            const result = writer.write(bytes);
            if (result === 0) waiting.push(padded(bytes));
            else refused += 1;
            assert.ok(result === 0 || result === ENOSPC);
          } else {
            for (let count = 0; count < step.read; count += 1) take();
            consumer.flush();
          }
        }
        while (take());
        assert.deepEqual(waiting, []);
        // What was refused last is told with the next record that finds room.
        consumer.flush();
        assert.equal(writer.write(payload(1, 8)), 0);
        assert.ok(consumer.next());
        assert.equal(consumer.lost, refused);
      }),
    );
  });

  it("a ring that overwrites holds the newest, whole ones", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 })), (lengths) => {
        const { writer, memory } = makeRing(0n, true);
        const written = lengths.map((length, index) => payload(index, length));
        for (const bytes of written) assert.equal(writer.write(bytes), 0);
        const { data, samples } = takeSnapshot(memory, "events");
        const seen = samples.map(({ offset, length }) => [...data.subarray(offset, offset + length)]);
        assert.deepEqual(seen, written.map(padded).reverse().slice(0, seen.length));
        const fits = written.reverse().findIndex((_, index, all) => bytesOf(all.slice(0, index + 1)) > size);
        assert.equal(seen.length, fits < 0 ? written.length : fits);
      }),
    );
  });

  it("wakes after so many events, and when half of the ring is written", () => {
    let woken = 0;
    const { writer, memory } = makeRing(0n, false, 3, () => (woken += 1));
    const consumer = new PerfConsumer(memory, "events");
    const counts: number[] = [];
    for (let index = 0; index < 6; index += 1) {
      writer.write(payload(index, 4));
      counts.push(woken);
    }
    assert.deepEqual(counts, [0, 0, 1, 1, 1, 2]);
    while (consumer.next());
    writer.write(payload(0, 300));
    assert.equal(woken, 3);
  });

  it("records that no header can tell the size of are refused", () => {
    const { writer } = makeRing(0n, false);
    assert.equal(writer.write(new Uint8Array(65_536)), -7);
    assert.equal(writer.write(new Uint8Array(60_000)), ENOSPC);
  });

  it("a tail that is a lie is no way out of the ring", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.array(fc.integer({ min: 0, max: 500 })), (tail, lengths) => {
        const { writer, state } = makeRing(0n, false);
        state.tail[0] = tail;
        for (const length of lengths) assert.ok([0, ENOSPC].includes(writer.write(payload(1, length))));
      }),
    );
  });
});

function bytesOf(payloads: readonly Uint8Array[]): number {
  return payloads.reduce((sum, bytes) => sum + 8 + Math.ceil((bytes.length + 4) / 8) * 8, 0);
}
