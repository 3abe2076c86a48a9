import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { OverwriteConsumer } from "../../src/ring/index.ts";
import { RB_OVERWRITE } from "../../src/uapi/ring-overwrite.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import type { HammerCounts, HammerJob } from "./hammer-worker.ts";
import { makeMap, specOf } from "./test-map.ts";

const threads = 2;
const size = 8192;

test(
  "threads produce in one ring that overwrites: what its consumer gets is whole, in order, and the rest is counted",
  { timeout: 60_000 },
  async () => {
    const created = makeMap(specOf(MapType.RINGBUF, 0, 0, size, { flags: RB_OVERWRITE }));
    const ring = created.map.ring!;
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const { image, memory } = created;
    const workers = Array.from({ length: threads }, (_, thread) => {
      const job: HammerJob = { deed: "ring", image, memory, gate, thread, rounds: 40_000 };
      return new Worker(new URL("./hammer-worker.js", import.meta.url), { workerData: job });
    });
    const done = Promise.all(workers.map(async (worker) => ((await once(worker, "message")) as [HammerCounts])[0]));
    try {
      while (Atomics.load(gate, 0) < threads) await new Promise(setImmediate);
      const consumer = new OverwriteConsumer(ring.memory);
      const view = new DataView(consumer.memory.data.buffer);
      const next = Array.from({ length: threads }, () => 0);
      let bytes = 0;
      const drain = (): void => {
        consumer.drain((data, offset, length) => {
          const [thread, number] = [view.getUint32(offset, true), view.getUint32(offset + 4, true)];
          assert.ok(number >= next[thread]!, "each thread's records come in order");
          for (let i = 8; i < length; i += 1)
            if (data[offset + i] !== (number & 255)) assert.fail(`record ${number} is torn`);
          next[thread] = number + 1;
          bytes += Math.ceil((length + 8) / 8) * 8;
        });
      };
      Atomics.store(gate, 1, 1);
      Atomics.notify(gate, 1);
      for (let turn = 0; Atomics.load(gate, 0) > 0; turn += 1) {
        const rung = Atomics.load(ring.bell, 0);
        drain();
        // Every now and then it is too slow.
        if (turn % 16 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3);
        if (Atomics.load(gate, 0) > 0 && Atomics.wait(ring.bell, 0, rung, 5000) === "timed-out")
          assert.fail("a wake-up was lost");
      }
      drain();
      const counts = await done;
      assert.equal(consumer.consumerPosition, ring.memory.producer[0]);
      const rest = Number(ring.memory.producer[0]) - bytes - consumer.overwritten;
      assert.ok(rest >= 16 * consumer.discarded && rest <= 136 * consumer.discarded);
      assert.ok(
        consumer.received > 1000 && consumer.overwritten > size,
        `${consumer.received} read, ${consumer.overwritten} gone`,
      );
      assert.equal(
        ring.refused,
        counts.reduce((sum, { refused }) => sum + refused, 0),
      );
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  },
);

test("a record that nobody commits stops the others, and those are counted as refused", () => {
  const ring = makeMap(specOf(MapType.RINGBUF, 0, 0, 4096, { flags: RB_OVERWRITE })).map.ring!;
  for (let i = 0; i < 600; i += 1) ring.submit(ring.reserve(8, 0n), 0n);
  const held = ring.reserve(8, 0n);
  for (let i = 0; i < 254; i += 1) ring.submit(ring.reserve(8, 0n), 0n);
  const overwritten = ring.query(4n);
  assert.equal(ring.reserve(8, 0n), 0);
  assert.equal(ring.output(new Uint8Array(8), 0n), -11);
  assert.deepEqual([ring.refused, ring.query(4n)], [2, overwritten]);
  assert.equal(ring.output(new Uint8Array(8), 4n), -22);
  assert.equal(ring.reserve(8, 1n), 0);
  assert.equal(ring.refused, 2);
  ring.discard(held, 0n);
  assert.notEqual(ring.reserve(8, 0n), 0);
});
