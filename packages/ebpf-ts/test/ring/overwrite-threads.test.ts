import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { OverwriteConsumer } from "../../src/ring/index.ts";
import { openOverwriteMemory } from "./overwrite-model.ts";
import type { OverwriteData } from "./overwrite-producer.ts";
import { isDropped, lengthOf } from "./thread-sides.ts";

const size = 1 << 12;
const count = 400_000;
/** Far more than it takes; a wake-up that was lost shows as this. */
const longestMs = 60_000;

describe("two threads, and the producer does not wait", () => {
  it("what is handed out is whole and in order, every byte is accounted for, and no wake-up is missed", async () => {
    const overwrites = new SharedArrayBuffer(256 + 2 * size);
    const from = 2n ** 32n - 4_000_000n;
    const memory = openOverwriteMemory(overwrites, size, from);
    const shared = new Int32Array(new SharedArrayBuffer(64));
    const workerData: OverwriteData = { overwrites, size, count, shared };
    const worker = new Worker(new URL("./overwrite-producer.js", import.meta.url), { workerData });
    const exited = once(worker, "exit");
    try {
      const consumer = new OverwriteConsumer(memory);
      const view = new DataView(consumer.memory.data.buffer);
      let [last, bytes, sleeps, ended] = [-1, 0, 0, false];
      while (!ended) {
        ended = Atomics.load(shared, 1) === 1;
        const rung = Atomics.load(shared, 0);
        const { state } = consumer.drain((data, offset, length) => {
          const number = view.getUint32(offset, true);
          if (number <= last || isDropped(number) || length !== lengthOf(number))
            assert.fail(`record ${number} after ${last}`);
          for (let i = 4; i < length; i += 1)
            if (data[offset + i] !== (number & 0xff)) assert.fail(`record ${number} is torn`);
          last = number;
          bytes += Math.ceil((length + 8) / 8) * 8;
        });
        if (ended || state !== "empty") continue;
        sleeps += 1;
        assert.notEqual(Atomics.wait(shared, 0, rung, longestMs), "timed-out", `no wake-up after record ${last}`);
      }
      assert.equal(consumer.consumerPosition, memory.producer[0]);
      assert.equal(last, lastKept());
      const produced = Number(memory.producer[0]! - from);
      const rest = produced - bytes - consumer.overwritten;
      // Discarded records are 8 to 40 bytes long and their headers.
      assert.ok(
        rest >= 16 * consumer.discarded && rest <= 48 * consumer.discarded,
        `${rest} bytes of ${consumer.discarded}`,
      );
      assert.ok(consumer.received > 1000 && consumer.overwritten > size && sleeps > 0);
    } finally {
      await worker.terminate();
      await exited;
    }
  });
});

function lastKept(): number {
  for (let number = count - 1; ; number -= 1) if (!isDropped(number)) return number;
}
