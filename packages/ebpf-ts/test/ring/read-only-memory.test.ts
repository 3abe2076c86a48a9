/**
 * What the other side writes is mapped read-only, and JavaScriptCore's atomic loads write: one of them would end the process. No page is
 * read-only here; instead every atomic access is looked at.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { takenBytes } from "../../src/engine/taken-bytes.ts";
import { MemoryArea } from "../../src/memory/memory-area.ts";
import { ScalarView } from "../../src/memory/scalar-view.ts";
import { OverwriteConsumer, RingConsumer, RingProducer } from "../../src/ring/index.ts";
import { PerfConsumer } from "../../src/ring/perf/perf-consumer.ts";
import { takeSnapshot } from "../../src/ring/perf/perf-snapshot.ts";
import type { RingMemory } from "../../src/ring/ring-memory.ts";
import { KernelRing, payload } from "./kernel-model.ts";
import { OverwriteRing } from "./overwrite-model.ts";
import { PerfModel } from "./perf/perf-model.ts";

const size = 512;
type AtomicCall = (array: ArrayBufferView, ...rest: unknown[]) => unknown;

/** Does it, and refuses atomic accesses to these buffers meanwhile. */
function untouched<T>(buffers: readonly ArrayBufferLike[], work: () => T): T {
  const atomics = Atomics as unknown as Record<string, AtomicCall>;
  const names = Object.getOwnPropertyNames(Atomics).filter((name) => typeof atomics[name] === "function");
  const originals = names.map((name) => [name, atomics[name]!] as const);
  for (const [name, original] of originals) {
    atomics[name] = (array, ...rest) => {
      assert.ok(!buffers.includes(array.buffer), `Atomics.${name} on memory that may be mapped read-only`);
      return original.call(Atomics, array, ...rest);
    };
  }
  try {
    return work();
  } finally {
    for (const [name, original] of originals) atomics[name] = original;
  }
}

/** As the kernel maps a ring: one side's page is apart from the other's, which the data are with. */
function pages(): { near: ArrayBuffer; far: ArrayBuffer; ring: (near: "consumer" | "producer") => RingMemory } {
  const near = new ArrayBuffer(64);
  const far = new ArrayBuffer(64 + 2 * size);
  const ring = (side: "consumer" | "producer"): RingMemory => ({
    size,
    consumer: new BigUint64Array(side === "consumer" ? near : far, 0, 1),
    producer: new BigUint64Array(side === "consumer" ? far : near, 0, 1),
    data: new Uint8Array(far, 64, 2 * size),
    open: true,
  });
  return { near, far, ring };
}

describe("memory that is mapped read-only", () => {
  it("is refused by the watch of this test", () => {
    const buffer = new ArrayBuffer(8);
    assert.throws(() => untouched([buffer], () => Atomics.load(new Int32Array(buffer), 0)), assert.AssertionError);
    assert.equal(
      untouched([], () => Atomics.load(new Int32Array(buffer), 0)),
      0,
    );
  });

  it("of an event ring: positions and headers are read, whatever state it is in", () => {
    const { far, ring } = pages();
    const memory = ring("consumer");
    const kernel = new KernelRing(memory);
    const open = kernel.reserve(24)!;
    const consumer = untouched([far], () => new RingConsumer(memory));
    let seen = 0;
    const drain = (): string => untouched([far], () => consumer.drain(() => void (seen += 1)).state);
    assert.equal(drain(), "busy");
    kernel.commit(open);
    for (let round = 0; round < 40; round += 1) {
      kernel.output(payload(round, 24));
      assert.equal(drain(), "empty");
    }
    assert.equal(seen, 41);
    untouched([far], () => [consumer.available, consumer.producerPosition, consumer.mark(), consumer.lookAhead()]);
    assert.equal(
      untouched([far], () => takenBytes("events", memory)),
      0,
    );
    Atomics.store(memory.producer, 0, memory.producer[0]! + 4n);
    assert.throws(() => untouched([far], () => consumer.read()), { code: "BAD_RING" });
  });

  it("of a ring that overwrites", () => {
    const near = new ArrayBuffer(64);
    const far = new ArrayBuffer(64 + 2 * size);
    const ring = new OverwriteRing({
      size,
      consumer: new BigUint64Array(near, 0, 1),
      producer: new BigUint64Array(far, 0, 1),
      overwrite: new BigUint64Array(far, 16, 1),
      data: new Uint8Array(far, 64, 2 * size),
      open: true,
    });
    const consumer = untouched([far], () => new OverwriteConsumer(ring.memory));
    for (let round = 0; round < 100; round += 1) ring.output(payload(round, 24));
    const open = ring.reserve(24)!;
    assert.equal(
      untouched([far], () => consumer.drain(() => undefined).state),
      "busy",
    );
    ring.commit(open);
    assert.equal(
      untouched([far], () => consumer.drain(() => undefined).delivered),
      1,
    );
    untouched([far], () => [consumer.available, consumer.producerPosition, consumer.mark()]);
  });

  it("of a user ring: the consumer position alone", () => {
    const consumer = new ArrayBuffer(64);
    const { far, ring } = pages();
    const memory: RingMemory = { ...ring("producer"), consumer: new BigUint64Array(consumer, 0, 1) };
    const producer = untouched([consumer], () => new RingProducer(memory));
    untouched([consumer], () => {
      producer.submit(producer.reserve(24));
      producer.discard(producer.reserve(24));
      producer.fill(3, 24, new DataView(far, 64), () => undefined);
      while (producer.tryReserve(24) >= 0);
      return [producer.occupied, producer.free, producer.consumerPosition];
    });
    memory.consumer[0] = 4n;
    assert.throws(() => untouched([consumer], () => producer.tryReserve(8)), { code: "BAD_RING" });
  });

  it("of a perf ring that overwrites, all of it, and of another the head", () => {
    const backward = new PerfModel(size, { backward: true });
    for (let round = 0; round < 40; round += 1) backward.output(payload(round, 24));
    const { head, tail, data } = backward.memory;
    const all = [head.buffer, tail.buffer, data.buffer];
    assert.ok(untouched(all, () => takeSnapshot(backward.memory, "events").samples.length) > 0);
    const forward = new PerfModel(size);
    const consumer = new PerfConsumer(forward.memory, "events");
    for (let round = 0; round < 40; round += 1) {
      forward.output(payload(round, 24));
      assert.ok(untouched([forward.memory.head.buffer, forward.memory.data.buffer], () => consumer.next()));
    }
  });

  it("of constants and frozen arrays, and an atomic load still gives the number", () => {
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setBigUint64(8, 7n, true);
    const area = new MemoryArea({ name: "map constants", bytes, readOnly: true, lifetime: { open: true } });
    const view = new ScalarView<bigint>({ area, format: "u64", base: 0, stride: 8, length: 8, name: "map constants" });
    assert.equal(
      untouched([bytes.buffer], () => view.load(1)),
      7n,
    );
    assert.throws(() => untouched([bytes.buffer], () => view.add(1, 1n)), TypeError);
  });
});
