import assert from "node:assert/strict";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";

const options = { timeout: 60_000, skip: process.platform !== "linux" && "Linux only" };

test("a loop goes on where the thread that sleeps for it was ended", options, async () => {
  const started = new Promise<Worker>((resolve) => process.once("worker", resolve));
  using ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  const seen: number[] = [];
  let finish = (): void => {};
  const until = new Promise<void>((resolve) => (finish = resolve));
  const loop = (async () => {
    for await (const bytes of ring.consumer().events({ until })) seen.push(bytes[0]!);
  })();
  const thread = await started;
  await thread.terminate();
  for (let number = 1; number <= 3; number += 1) {
    const reservation = producer.reserve(1);
    reservation.bytes[0] = number;
    reservation.submit();
    while (seen.length < number) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  finish();
  await loop;
  assert.deepEqual(seen, [1, 2, 3]);
});
