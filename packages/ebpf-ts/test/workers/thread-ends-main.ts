/** A process that starts threads which open a ring, and ends them: `ENGINE WHAT …`. What it prints is the test's. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { EngineName } from "../../src/engine/engine-name.ts";
import { fixture, type Fixture } from "../suite/fixture.ts";

const longestMs = 60;

function start(loaded: Fixture, what: string): Worker {
  const handle = loaded.bpf.ringBuf("events").share();
  return new Worker(new URL("./thread-ends-thread.js", import.meta.url), { workerData: { what, handle } });
}

/** Each thread ends a moment after it has begun to open the ring, or to use it. */
async function terminate(engine: EngineName, what: string, times: number): Promise<void> {
  const write = what === "write";
  await using loaded = await fixture(engine, write ? "user-ring" : "workers");
  const handle = write ? loaded.bpf.userRingBuf("samples").share() : loaded.bpf.ringBuf("events").share();
  for (let time = 0; time < times; time += 1) {
    const worker = new Worker(new URL("./thread-ends-thread.js", import.meta.url), { workerData: { what, handle } });
    await once(worker, "message");
    const end = performance.now() + (longestMs * time) / times;
    while (performance.now() < end) {
      if (!write) await loaded.call("emit", { first: 0n, count: 5 });
      await sleep(1);
    }
    await worker.terminate();
  }
  console.log("sound");
}

async function main(engine: EngineName, what: string, how: string, times: string): Promise<void> {
  if (what === "terminate") return terminate(engine, how, Number(times));
  const sample = what === "exit-with-sample";
  await using loaded = await fixture(engine, sample ? "user-ring" : "workers");
  if (!sample) await loaded.call("emit", { first: 0n, count: 5 });
  const handle = sample ? loaded.bpf.userRingBuf("samples").share() : undefined;
  const worker = handle
    ? new Worker(new URL("./thread-ends-thread.js", import.meta.url), { workerData: { what, handle } })
    : start(loaded, what);
  const [said] = (await once(worker, "message")) as unknown[];
  await once(worker, "exit");
  console.log(said);
}

const [engine, what, how = "", times = ""] = process.argv.slice(2);
await main(engine as EngineName, what!, how, times);
