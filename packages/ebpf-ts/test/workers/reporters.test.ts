import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dispatchToWorkers, type WorkerDispatchOptions } from "../../src/workers/index.ts";
import { fixture, onEachEngine } from "../suite/fixture.ts";
import type { TestEvent, TestTask } from "./handlers/test-handler.ts";

const handler = new URL("./handlers/test-handler.js", import.meta.url);

const thrown = (message: string): never => {
  throw new Error(message);
};
const rejected = (message: string): Promise<never> => Promise.reject(new Error(message));

onEachEngine("what reporters of worker threads throw, or reject", (engine) => {
  async function run(task: TestTask, options: WorkerDispatchOptions<TestEvent>): Promise<unknown> {
    await using loaded = await fixture(engine, "workers");
    await loaded.call("emit", { first: 0n, count: 40 });
    const ring = loaded.bpf.ringBuf<TestEvent>("events");
    const limits = { workers: 2, queue: 8, until: Promise.resolve(), data: task };
    return await dispatchToWorkers(ring, handler, { ...limits, ...options });
  }

  for (const [how, fail] of [
    ["thrown", thrown],
    ["rejected", rejected],
  ] as const) {
    it(`onValue, ${how}: ends it, once, and is told no more`, async () => {
      let calls = 0;
      const onValue = (): unknown => {
        calls += 1;
        return fail("of onValue");
      };
      await assert.rejects(run({}, { onValue }), { message: "of onValue" });
      assert.ok(calls >= 1 && calls < 40, `${calls} calls`);
      if (how === "thrown") assert.equal(calls, 1);
    });

    it(`onDeath, ${how}`, async () => {
      const memory = new Int32Array(new SharedArrayBuffer(4));
      const onDeath = (): unknown => fail("of onDeath");
      await assert.rejects(run({ dieAt: 3, memory }, { onDeath }), { message: "of onDeath" });
    });

    it(`onError, ${how}`, async () => {
      const onError = (): never | Promise<never> => fail("of onError");
      await assert.rejects(run({ fail: 100 }, { onError }), { message: "of onError" });
    });
  }

  it("promises are waited for, and may say stop", async () => {
    let told = 0;
    const onValue = async (): Promise<void> => {
      await sleep(50);
      told += 1;
    };
    assert.deepEqual(await run({}, { onValue }), { handled: 40, failed: 0, deaths: 0 });
    assert.equal(told, 40);
    const onError = async (): Promise<"stop"> => "stop";
    await assert.rejects(run({ fail: 100 }, { onError }), { message: "number 0" });
  });

  it("a promise that is never settled has the grace", async () => {
    const onValue = (): Promise<void> => new Promise(() => {});
    await assert.rejects(run({}, { onValue, graceMs: 200 }), { code: "WORKER", message: /or a callback, is not$/ });
  });
});
