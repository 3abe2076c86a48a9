import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { BlockingReaderData, LateCommitData } from "./blocking-reader.ts";
import { fixture, onEachEngine, type Fixture } from "./fixture.ts";

const readerModule = new URL("./blocking-reader.js", import.meta.url);
const noWakeup = 1n;
/** Far more than any wake-up takes: a lost one shows as this. */
const patienceMs = 20_000;

interface Reader extends AsyncDisposable {
  readonly worker: Worker;
  readonly progress: Int32Array;
  readonly seen: Promise<bigint[]>;
}

async function startReader(loaded: Fixture, count: number, timeoutMs = patienceMs): Promise<Reader> {
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const reader = loaded.bpf.ringBuf<{ value: bigint }>("events").share();
  const workerData: BlockingReaderData = { reader, count, timeoutMs, progress };
  const worker = new Worker(readerModule, { workerData });
  await once(worker, "message");
  const seen = once(worker, "message").then(([values]) => values as bigint[]);
  const exited = once(worker, "exit");
  return {
    worker,
    progress,
    seen,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
      await exited;
    },
  };
}

const upTo = (count: number): bigint[] => Array.from({ length: count }, (_, i) => BigInt(i));

onEachEngine("blocking: a worker thread", (engine) => {
  it("is woken for each record, however they come: none is missed, none comes twice", async () => {
    await using loaded = await fixture(engine, "ring");
    const count = 1500;
    await using reader = await startReader(loaded, count);
    for (let sent = 0; sent < count;) {
      const size = sent % 10 === 0 ? 5 : 1;
      await loaded.call("burst", { size, value: BigInt(sent) });
      sent += size;
      // Mostly, the next one comes when the reader is about to sleep, and else when it sleeps.
      while (Atomics.load(reader.progress, 0) < sent) {
        assert.equal(Atomics.load(reader.progress, 1), 0, "a wake-up was missed");
        await turn();
      }
      if (sent % 100 === 0) await sleep(3);
    }
    assert.deepEqual(await reader.seen, upTo(count));
  });

  it("reads a flood", async () => {
    await using loaded = await fixture(engine, "ring");
    const count = 20_000;
    await using reader = await startReader(loaded, count);
    for (let sent = 0; sent < count;) {
      const room = 250 - (sent - Atomics.load(reader.progress, 0));
      const { answers } = await loaded.call("burst", { size: Math.min(count - sent, room), value: BigInt(sent) });
      assert.equal((answers as bigint[])[1], 0n);
      sent += Number((answers as bigint[])[0]);
    }
    assert.deepEqual(await reader.seen, upTo(count));
  });

  it("gets a result after its time-out, and goes on", async () => {
    await using loaded = await fixture(engine, "ring");
    await using reader = await startReader(loaded, 1, 20);
    while (Atomics.load(reader.progress, 1) < 3) await sleep(5);
    await loaded.call("burst", { size: 1, value: 0n });
    assert.deepEqual(await reader.seen, [0n]);
  });

  it("can be terminated while it blocks without end", { timeout: 120_000 }, async () => {
    await using loaded = await fixture(engine, "ring");
    const reader = await startReader(loaded, 1, Infinity);
    reader.seen.catch(() => {});
    await sleep(100);
    await reader.worker.terminate();
  });
});

onEachEngine("blocking: in this thread", (engine) => {
  it("false when the time is up, true as soon as there is a record", async () => {
    await using loaded = await fixture(engine, "ring");
    const ring = loaded.bpf.ringBuf("events");
    const began = performance.now();
    assert.equal(ring.waitSync(50), false);
    assert.ok(performance.now() - began >= 49);
    assert.deepEqual(
      ring.drainBlocking(() => {}, { timeoutMs: 0 }),
      { delivered: 0, discarded: 0, state: "empty" },
    );
    await loaded.call("burst", { size: 3, flags: noWakeup });
    assert.equal(ring.waitSync(), true);
    assert.deepEqual(
      ring.drainBlocking(() => {}, { max: 2 }),
      { delivered: 2, discarded: 0, state: "limit" },
    );
    assert.equal(ring.drainBlocking(() => {}).delivered, 1);
  });

  it("discarded records are nothing to wake up for, and are passed", async () => {
    await using loaded = await fixture(engine, "ring");
    const ring = loaded.bpf.ringBuf("events");
    await loaded.call("reserve_8", { discard: 1 });
    assert.equal(ring.waitSync(20), false);
    assert.equal(ring.discarded, 1);
    await loaded.call("reserve_8", { discard: 1 });
    await loaded.call("reserve_8", { value: 4n });
    const seen: bigint[] = [];
    ring.drainBlocking((record) => void seen.push(record.u64(0)));
    assert.deepEqual(seen, [4n]);
  });

  it("refuses a time that is none, a second consumer, a ring that was given away, and one that is closed", async () => {
    await using loaded = await fixture(engine, "ring");
    const ring = loaded.bpf.ringBuf("events");
    for (const ms of [-1, Number.NaN]) assert.throws(() => ring.waitSync(ms), RangeError);
    const loop = ring.events();
    const next = loop.next();
    assert.throws(() => ring.waitSync(1), { code: "BUSY" });
    await loop.return();
    await next;
    assert.equal(ring.waitSync(1), false);
    ring.share();
    assert.throws(() => ring.waitSync(1), { code: "BUSY" });
    assert.throws(() => ring.drain(() => {}), { code: "BUSY" });
    ring.close();
    assert.throws(() => ring.waitSync(1), { code: "CLOSED" });
    assert.throws(() => ring.share(), { code: "CLOSED" });
  });
});

describe("blocking: a record that is reserved and not committed (embedded; nobody else can write headers)", () => {
  it("is waited for, though nobody rings when it is committed", async () => {
    await using loaded = await fixture("embedded", "ring");
    const { memory } = loaded.ring("events");
    const header = new Int32Array(memory.data.buffer as SharedArrayBuffer, memory.data.byteOffset, 1);
    header[0] = 8 | (1 << 31);
    Atomics.store(memory.producer, 0, 16n);
    const ring = loaded.bpf.ringBuf("events");
    const used = process.cpuUsage();
    assert.equal(ring.waitSync(300), false);
    const { user, system } = process.cpuUsage(used);
    assert.ok(user + system < 200_000, "it naps");
    assert.equal(ring.drainBlocking(() => {}, { timeoutMs: 0 }).state, "busy");
    const workerData: LateCommitData = { header, length: 8, afterMs: 50 };
    const worker = new Worker(readerModule, { workerData });
    await once(worker, "online");
    assert.equal(ring.waitSync(patienceMs), true);
    await once(worker, "exit");
  });
});
