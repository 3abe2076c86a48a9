import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { RingConsumer } from "../../src/ring/index.ts";
import { kernelDrain, openMemory, type TestMemory } from "./kernel-model.ts";
import { checkPayload, isDropped, lengthOf, type ThreadData } from "./thread-sides.ts";

const size = 1 << 14;
const count = 200_000;
/** Far more than it takes; a wake-up that was lost shows as this. */
const longestMs = 60_000;

interface OtherSide extends AsyncDisposable {
  readonly memory: TestMemory;
  readonly shared: Int32Array;
}

function start(side: ThreadData["side"], from: bigint): OtherSide {
  const buffer = new SharedArrayBuffer(256 + 2 * size);
  const memory = openMemory(buffer, size, from);
  const shared = new Int32Array(new SharedArrayBuffer(64));
  const workerData: ThreadData = { side, buffer, size, count, shared };
  const worker = new Worker(new URL("./thread-sides.js", import.meta.url), { workerData });
  const exited = once(worker, "exit");
  return {
    memory,
    shared,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
      await exited;
    },
  };
}

const kept = Array.from({ length: count }, (_, number) => number).filter((number) => !isDropped(number));

describe("two threads", () => {
  it("consumer: nothing lost, nothing twice, nothing torn, and no wake-up missed while it sleeps between", async () => {
    // The positions pass 2^32 on the way.
    await using other = start("kernel", 2n ** 32n - 1_000_000n * 4n);
    const { memory, shared } = other;
    const consumer = new RingConsumer(memory);
    const view = new DataView(memory.data.buffer, memory.data.byteOffset);
    let [next, sleeps, missed] = [0, 0, false];
    const deadline = performance.now() + longestMs;
    const end = 2n ** 32n - 4_000_000n + totalBytes();
    while (consumer.consumerPosition < end && !missed) {
      const rung = Atomics.load(shared, 0);
      const { state } = consumer.drain((data, offset, length) => {
        if (!checkPayload(data, view, offset, length, kept[next]!)) assert.fail(`record ${next} is wrong`);
        next += 1;
      });
      if (state === "busy") continue;
      if (consumer.consumerPosition === end) break;
      sleeps += 1;
      missed = Atomics.wait(shared, 0, rung, deadline - performance.now()) === "timed-out";
    }
    assert.ok(!missed, `no wake-up after ${next} records`);
    assert.equal(next, kept.length);
    assert.equal(consumer.received, kept.length);
    assert.equal(consumer.discarded, shared[2]);
    assert.equal(consumer.received + consumer.discarded, count);
    assert.ok(sleeps > 0);
  });

  it("producer: nothing lost, nothing twice, nothing torn", async () => {
    await using other = start("user", 2n ** 32n - 1_000_000n * 4n);
    const { memory, shared } = other;
    const deadline = performance.now() + longestMs;
    let next = 0;
    const payloadView = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
    const end = 2n ** 32n - 4_000_000n + totalBytes();
    while (memory.consumer[0]! < end && performance.now() < deadline) {
      const result = kernelDrain(memory, (bytes) => {
        if (!checkPayload(bytes, payloadView(bytes), 0, bytes.length, kept[next]!))
          assert.fail(`sample ${next} is wrong`);
        next += 1;
        return 0;
      });
      assert.ok(result >= 0, `the drain gave ${result}`);
    }
    assert.equal(next, kept.length);
    while (Atomics.load(shared, 2) === 0 && performance.now() < deadline) await new Promise(setImmediate);
    assert.equal(next + shared[2]!, count);
  });
});

function totalBytes(): bigint {
  let bytes = 0;
  for (let number = 0; number < count; number += 1) bytes += Math.ceil((8 + lengthOf(number)) / 8) * 8;
  return BigInt(bytes);
}
