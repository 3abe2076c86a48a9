import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { EbpfError } from "../../src/base/errors.ts";
import type { RingBuf } from "../../src/map/ring-buf.ts";
import { dispatchToWorkers, type WorkerDispatchOptions } from "../../src/workers/index.ts";
import { fixture, onEachEngine, type Fixture } from "../suite/fixture.ts";
import type { TestEvent, TestReport, TestTask } from "./handlers/test-handler.ts";

const handler = new URL("./handlers/test-handler.js", import.meta.url);
const load = (engine: "kernel" | "embedded"): Promise<Fixture> => fixture(engine, "workers");

interface Emit {
  readonly keys?: number;
  readonly discard?: number;
}

/** Emits records `first` to `first + count - 1`, waiting for room. */
async function emit(
  loaded: Fixture,
  first: number,
  count: number,
  { keys = 0, discard = 0 }: Emit = {},
): Promise<void> {
  for (let done = 0; done < count;) {
    const args = { first: BigInt(first + done), count: Math.min(count - done, 1024), keys, discard };
    const { emitted } = await loaded.call("emit", args);
    done += emitted as number;
    if (emitted === 0) await sleep(1);
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

const sorted = (reports: readonly TestReport[]): number[] =>
  reports.map((report) => report.number).sort((a, b) => a - b);

/** Runs workers, and gathers what they report. */
function start(ring: RingBuf<TestEvent>, task: TestTask, options: WorkerDispatchOptions<TestEvent> = {}) {
  const reports: TestReport[] = [];
  const onValue = (value: unknown): void => void reports.push(value as TestReport);
  return { reports, ended: dispatchToWorkers(ring, handler, { workers: 2, data: task, onValue, ...options }) };
}

onEachEngine("worker threads", (engine) => {
  it("handle what was there and what comes, each record once, and give its space back", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await emit(loaded, 0, 700, { keys: 5, discard: 7 });
    const until = emit(loaded, 700, 4300, { keys: 5, discard: 3 });
    const { reports, ended } = start(ring, {}, { until });
    assert.deepEqual(await ended, { handled: 5000, failed: 0, deaths: 0 });
    assert.deepEqual(sorted(reports), numbers(5000));
    assert.ok(reports.every(({ number, key, text }) => key === number % 5 && text === "hello"));
    assert.equal(ring.available, 0);
    const { memory } = loaded.ring("events");
    assert.equal(memory.consumer[0], memory.producer[0]);
  });

  it("by-key: one worker for a key, in order; the ring is the caller's again afterwards", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    const until = emit(loaded, 0, 3000, { keys: 16, discard: 5 });
    const { reports, ended } = start(ring, {}, { until, order: "by-key", key: "key", workers: 3 });
    assert.equal((await ended).handled, 3000);
    assert.deepEqual(sorted(reports), numbers(3000));
    for (const key of numbers(16)) {
      const ofKey = reports.filter((report) => report.key === key);
      assert.deepEqual(
        ofKey.map((report) => report.number),
        ofKey.map((_, i) => key + 16 * i),
      );
      assert.equal(new Set(ofKey.map((report) => report.worker)).size, 1);
    }
    assert.ok(new Set(reports.map((report) => report.worker)).size > 1);
    await emit(loaded, 0, 3);
    const seen: bigint[] = [];
    ring.drain((record) => void seen.push(record.u64(0)));
    assert.deepEqual(seen, [0n, 1n, 2n]);
  });

  it("hand out a view of the record where it stands", async () => {
    await using loaded = await load(engine);
    await emit(loaded, 0, 10);
    const options = { view: true, until: Promise.resolve(), order: "by-key", key: { offset: 8, size: 4 } } as const;
    const { reports, ended } = start(loaded.bpf.ringBuf("events"), {}, options);
    assert.equal((await ended).handled, 10);
    assert.deepEqual(sorted(reports), numbers(10));
    assert.equal(reports[0]!.text, "24 bytes");
  });

  it("aborted: what was begun is finished, what was not stays in the ring", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await emit(loaded, 0, 200, { discard: 2 });
    const stop = new AbortController();
    const { reports, ended } = start(ring, { sleep: 2 }, { signal: stop.signal });
    while (reports.length < 20) await sleep(1);
    stop.abort();
    const { handled } = await ended;
    assert.equal(handled, reports.length);
    assert.ok(handled < 100, `${handled} handled`);
    const rest: number[] = [];
    ring.drain((record) => void rest.push(Number(record.u64(0))));
    assert.deepEqual([...sorted(reports), ...rest], numbers(200));
  });

  it("closed while the workers start: it ends, and nothing was handled", async () => {
    await using loaded = await load(engine);
    await emit(loaded, 0, 10);
    const { ended } = start(loaded.bpf.ringBuf<TestEvent>("events"), {});
    await loaded.bpf.close();
    assert.deepEqual(await ended, { handled: 0, failed: 0, deaths: 0 });
  });

  it("the position moves only past what is finished", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await emit(loaded, 0, 50);
    const stop = new AbortController();
    // Number 0 ends the first worker, and takes its time with the replacement; the other worker goes on meanwhile.
    const memory = new Int32Array(new SharedArrayBuffer(4));
    const task = { dieAt: 0, memory };
    const { reports, ended } = start(ring, task, {
      signal: stop.signal,
      onDeath: (error) => {
        assert.equal(error.code, "WORKER");
        assert.equal(loaded.ring("events").memory.consumer[0], 0n);
      },
    });
    while (reports.length < 50) await sleep(1);
    stop.abort();
    assert.deepEqual(await ended, { handled: 50, failed: 0, deaths: 1 });
    assert.deepEqual(sorted(reports), numbers(50));
    assert.equal(ring.available, 0);
  });

  it("a record that ends every worker is reported, and passed", async () => {
    await using loaded = await load(engine);
    await emit(loaded, 0, 30);
    const memory = new Int32Array(new SharedArrayBuffer(4));
    const failures: { code: string; number: bigint }[] = [];
    const { reports, ended } = start(
      loaded.bpf.ringBuf("events"),
      { dieAt: 11, deaths: 9, memory },
      {
        until: Promise.resolve(),
        onError: (error, event) => void failures.push({ code: (error as EbpfError).code, number: event!.number }),
      },
    );
    assert.deepEqual(await ended, { handled: 29, failed: 1, deaths: 2 });
    assert.deepEqual(failures, [{ code: "WORKER", number: 11n }]);
    assert.equal(reports.length, 29);
  });

  it("nothing is lost, nor out of order, while workers die again and again", async () => {
    await using loaded = await load(engine);
    const memory = new Int32Array(new SharedArrayBuffer(4 * 3000));
    const until = emit(loaded, 0, 3000, { keys: 7, discard: 4 });
    const task = { dieEvery: 300, memory };
    const options = { until, order: "by-key", key: "key", workers: 3, queue: 100 } as const;
    const { reports, ended } = start(loaded.bpf.ringBuf("events"), task, options);
    assert.deepEqual(await ended, { handled: 3000, failed: 0, deaths: 10 });
    assert.deepEqual(sorted(reports), numbers(3000));
    for (const key of numbers(7)) {
      const ofKey = reports.filter((report) => report.key === key);
      assert.deepEqual(
        ofKey.map((report) => report.number),
        ofKey.map((_, i) => key + 7 * i),
      );
    }
    assert.equal(loaded.bpf.ringBuf("events").available, 0);
  });

  it("deaths while the oldest event takes long: those that are finished behind it are progress", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    const others = 240;
    await emit(loaded, 0, others + 1);
    const memory = new Int32Array(new SharedArrayBuffer(4 * (others + 2)));
    Atomics.store(memory, 0, 1); // event 0 is no multiple to die at
    const task = { dieEvery: 20, holdFirst: others, memory, quiet: true };
    const { ended } = start(ring, task, { until: Promise.resolve() });
    assert.deepEqual(await ended, { handled: others + 1, failed: 0, deaths: 12 });
  });

  it("deaths of many workers at once, each at an event of its own, are no end", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await emit(loaded, 0, 6);
    const memory = new Int32Array(new SharedArrayBuffer(4 * 6));
    const { ended } = start(ring, { dieEvery: 1, memory }, { until: Promise.resolve(), workers: 6 });
    assert.deepEqual(await ended, { handled: 6, failed: 0, deaths: 6 });
  });

  it("errors of handlers are counted and told, or stop it all", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await emit(loaded, 0, 40);
    const failed: bigint[] = [];
    const going = start(
      ring,
      { fail: 10 },
      {
        until: Promise.resolve(),
        onError: (error, event) => {
          assert.ok(error instanceof RangeError);
          assert.equal(error.message, `number ${event!.number}`);
          failed.push(event!.number);
        },
      },
    );
    assert.deepEqual(await going.ended, { handled: 36, failed: 4, deaths: 0 });
    assert.deepEqual(
      failed.sort((a, b) => Number(a - b)),
      [0n, 10n, 20n, 30n],
    );

    await emit(loaded, 1, 500);
    const stopping = start(ring, { fail: 100, sleep: 0 }, { queue: 8 });
    await assert.rejects(stopping.ended, /number 100/);
    const rest: number[] = [];
    ring.drain((record) => void rest.push(Number(record.u64(0))));
    assert.deepEqual(
      [0, ...sorted(stopping.reports), 100, ...rest].sort((a, b) => a - b),
      numbers(501),
    );
    assert.ok(stopping.reports.length < 120);
  });

  it("refuses a second consumer, and ends with the ring", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    const { ended } = start(ring, {});
    assert.throws(() => ring.drain(() => {}), { code: "BUSY" });
    await assert.rejects(dispatchToWorkers(ring, handler), { code: "BUSY" });
    await sleep(20);
    ring.close();
    assert.deepEqual(await ended, { handled: 0, failed: 0, deaths: 0 });
  });

  it("a module that is neither a file nor a folder is refused", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf("events");
    for (const module of ["/dev/null", new URL("file:///dev/null")])
      await assert.rejects(dispatchToWorkers(ring, module), { code: "WORKER", message: /neither a file nor a folder/ });
  });

  it("a module that cannot be used is an error at once", async () => {
    await using loaded = await load(engine);
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await assert.rejects(dispatchToWorkers(ring, new URL("./handlers/missing.js", import.meta.url)), {
      code: "WORKER",
      message: /missing/,
    });
    await assert.rejects(dispatchToWorkers(ring, new URL("./handlers/broken.js", import.meta.url)), {
      code: "WORKER",
      message: /default export/,
    });
    await assert.rejects(dispatchToWorkers(ring, handler, { data: () => {} }), { code: "BAD_VALUE" });
    await assert.rejects(dispatchToWorkers(ring, handler, { order: "by-key", key: "colour" }), { code: "NOT_FOUND" });
    await assert.rejects(dispatchToWorkers(ring, handler, { workers: 0 }), RangeError);
    await assert.rejects(dispatchToWorkers(ring, handler, { order: "by-key" }), TypeError);
    ring.drain(() => {});
  });
});
