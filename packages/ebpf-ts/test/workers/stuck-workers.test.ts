import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RingBuf } from "../../src/map/ring-buf.ts";
import { dispatchToWorkers, type WorkerDispatchOptions } from "../../src/workers/index.ts";
import { fixture, onEachEngine, onKernel, type Fixture } from "../suite/fixture.ts";
import type { StuckTask } from "./handlers/stuck-handler.ts";
import type { TestEvent } from "./handlers/test-handler.ts";

const handler = new URL("./handlers/stuck-handler.js", import.meta.url);

async function emit(loaded: Fixture, count: number): Promise<void> {
  await loaded.call("emit", { first: 0n, count });
}

interface Started {
  readonly seen: number[];
  readonly ended: Promise<unknown>;
}

function start(ring: RingBuf<TestEvent>, task: StuckTask, options: WorkerDispatchOptions<TestEvent> = {}): Started {
  const seen: number[] = [];
  const onValue = (value: unknown): void => void seen.push(value as number);
  const ended = dispatchToWorkers(ring, handler, { workers: 2, graceMs: 300, data: task, onValue, ...options });
  return { seen, ended };
}

function rest(ring: RingBuf<TestEvent>): number[] {
  const numbers: number[] = [];
  ring.drain((record) => void numbers.push(Number(record.u64(0))));
  return numbers;
}

const range = (first: number, end: number): number[] => Array.from({ length: end - first }, (_, i) => first + i);

onEachEngine("workers that do not end", (engine) => {
  for (const stuck of ["loop", "promise", "call"] as const) {
    it(`in a handler (${stuck}): terminated after the grace, and what is not finished stays in the ring`, async () => {
      await using loaded = await fixture(engine, "workers");
      const ring = loaded.bpf.ringBuf<TestEvent>("events");
      await emit(loaded, 20);
      const stop = new AbortController();
      const { seen, ended } = start(ring, { stuck, at: 5 }, { signal: stop.signal });
      while (seen.length < 20) await sleep(1);
      stop.abort();
      await assert.rejects(ended, {
        code: "WORKER",
        message:
          "Cannot end the workers of ring events: they made no progress for 300 ms; 1 of the records that were begun are not finished, and stay in the ring",
      });
      assert.deepEqual(rest(ring), range(5, 20));
    });
  }

  it("with until: the grace begins when that settles, also where the table is full of what waits", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await emit(loaded, 200);
    const { ended } = start(ring, { stuck: "loop", at: 3 }, { workers: 1, queue: 10, until: Promise.resolve() });
    await assert.rejects(ended, { code: "WORKER", message: /; 10 of the records/ });
    assert.deepEqual(rest(ring), range(3, 200));
  });

  it("an event after the other is progress: nobody is terminated, however long it takes altogether", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await emit(loaded, 12);
    const slow = new URL("./handlers/test-handler.js", import.meta.url);
    const options = { workers: 1, graceMs: 1000, data: { sleep: 150, quiet: true }, until: Promise.resolve() };
    assert.deepEqual(await dispatchToWorkers(ring, slow, options), { handled: 12, failed: 0, deaths: 0 });
  });

  it("when the ring is closed, and after an error of another handler", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    await emit(loaded, 10);
    const failing = start(ring, { stuck: "promise", at: 2 }, { onValue: (value) => fail(value) });
    const error = await failing.ended.then(
      () => assert.fail(),
      (thrown: unknown) => thrown as AggregateError,
    );
    assert.deepEqual(
      error.errors.map(({ message }: Error) => message.slice(0, 20)),
      ["value 9", "Cannot end the worke"],
    );
    const closing = start(ring, { stuck: "promise", at: 2 });
    while (closing.seen.length < 8) await sleep(1);
    ring.close();
    await assert.rejects(closing.ended, { code: "WORKER", message: /; 1 of the records/ });
  });

  for (const stuck of ["close", "close-promise"] as const) {
    it(`in ${stuck}: every record is finished`, async () => {
      await using loaded = await fixture(engine, "workers");
      const ring = loaded.bpf.ringBuf<TestEvent>("events");
      await emit(loaded, 10);
      const { ended } = start(ring, { stuck, at: -1 }, { until: Promise.resolve() });
      await assert.rejects(ended, { code: "WORKER", message: /all records are finished/ });
      assert.deepEqual(rest(ring), []);
    });
  }

  it("while the module is imported", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    const signal = AbortSignal.timeout(200);
    await assert.rejects(start(ring, { stuck: "import", at: -1 }, { signal }).ended, { code: "WORKER" });
  });

  it("refuses a grace that is none", async () => {
    await using loaded = await fixture(engine, "workers");
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    for (const graceMs of [-1, Number.NaN, 2 ** 31]) {
      await assert.rejects(dispatchToWorkers(ring, handler, { graceMs }), RangeError);
    }
    await assert.rejects(dispatchToWorkers(ring, handler, { grace: 1 } as never), /Unknown option grace/);
    await assert.rejects(dispatchToWorkers(ring, handler, null as never), TypeError);
  });
});

function fail(value: unknown): void {
  if (value === 9) throw new Error("value 9");
}

const mapsOpen = (): number => readdirSync("/proc/self/fd").filter((fd) => isMap(`/proc/self/fd/${fd}`)).length;
const mappings = (): number => readFileSync("/proc/self/maps", "utf8").match(/bpf-map/g)?.length ?? 0;

function isMap(path: string): boolean {
  try {
    return readFileSync(path.replace("/fd/", "/fdinfo/"), "utf8").includes("map_type");
  } catch {
    return false;
  }
}

onKernel("workers that do not end", () => {
  for (const [what, count] of [
    ["descriptors", mapsOpen],
    ["mappings", mappings],
  ] as const) {
    it(`leave no ${what} when they are terminated`, async () => {
      await using loaded = await fixture("kernel", "workers");
      const ring = loaded.bpf.ringBuf<TestEvent>("events");
      await emit(loaded, 10);
      let before = count();
      for (let round = 0; round < 5; round += 1) {
        const stop = new AbortController();
        const { seen, ended } = start(ring, { stuck: "loop", at: 0 }, { signal: stop.signal, graceMs: 0 });
        while (seen.length < 10) await sleep(1);
        stop.abort();
        await assert.rejects(ended, { code: "WORKER" });
        // Those of earlier tests go when they are collected.
        assert.ok(count() <= before, `${count()} ${what}, ${before} before`);
        before = count();
      }
    });
  }

  it("can be terminated at any moment of their start", async () => {
    await using loaded = await fixture("kernel", "workers");
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    for (let ms = 0; ms < 80; ms += 4) {
      const signal = AbortSignal.timeout(ms);
      const { ended } = start(ring, { stuck: "loop", at: 0 }, { signal, graceMs: 0 });
      await ended.catch((error: unknown) => assert.equal((error as { code?: string }).code, "WORKER"));
    }
  });
});
