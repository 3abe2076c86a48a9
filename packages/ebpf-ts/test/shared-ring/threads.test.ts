import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";
import { makeMessage } from "./message.ts";

const options = { timeout: 60_000, skip: process.platform !== "linux" && "Linux only" };

function start(workerData: { role: string; fd: number; life?: number; count?: number }): Worker {
  return new Worker(new URL("./thread.js", import.meta.url), { workerData });
}

test("worker threads produce at the same time; each one's records come in order", options, async () => {
  using ring = SharedRing.create({ size: 8192 });
  const count = 3000;
  const workers = [0, 1, 2, 3].map((life) => start({ role: "send", fd: ring.fd, life, count }));
  const ends = Promise.all(workers.map((worker) => once(worker, "exit")));
  const next = [0, 0, 0, 0];
  for await (const bytes of ring.consumer().events({ until: ends })) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const life = view.getUint32(0, true);
    assert.deepEqual(bytes, makeMessage(life, next[life]!, bytes.length));
    next[life]! += 1;
  }
  assert.deepEqual(next, [count, count, count, count]);
});

test("a worker thread blocks for records while this one sends", options, async () => {
  using ring = SharedRing.create({ size: 4096 });
  const count = 5000;
  const worker = start({ role: "read", fd: ring.fd, count });
  const sum = once(worker, "message");
  // Both may come in one turn.
  const exit = once(worker, "exit");
  const producer = ring.producer();
  for (let number = 0; number < count; number += 1) {
    const reservation = await producer.reserveWhenFree(20);
    reservation.bytes.set(makeMessage(1, number, 20));
    reservation.submit();
  }
  assert.deepEqual(await sum, [(count * (count - 1)) / 2]);
  await exit;
});

test("the record of a thread that was terminated is discarded and counted", options, async () => {
  using ring = SharedRing.create({ size: 4096 });
  const worker = start({ role: "hold", fd: ring.fd });
  await once(worker, "message");
  const consumer = ring.consumer();
  assert.equal(consumer.drain(() => {}).state, "busy");
  await worker.terminate();
  assert.equal(consumer.drain(() => {}).state, "empty");
  assert.equal(consumer.abandoned, 1);
});
