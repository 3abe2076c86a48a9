/**
 * Our blocking consumer, a worker thread of a process of its own: loads the object, pins the ring and a producer in a folder,
 * then runs a turn for each line of its input.
 *   blocking.js FOLDER
 */
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { load } from "ebpf-ts";
import { objectPath } from "../paths.ts";
import { serveTurns } from "./turns.ts";

async function main(folder: string): Promise<void> {
  await using bpf = await load(objectPath, { engine: "kernel" });
  const ring = bpf.ringBuf("events");
  mkdirSync(folder);
  bpf.program("produce_40").pin(`${folder}/produce`);
  ring.pin(`${folder}/events`);
  const worker = new Worker(new URL("./blocking-worker.js", import.meta.url), { workerData: ring.share() });
  await once(worker, "message");
  await serveTurns(async (turn) => {
    worker.postMessage(turn);
    const [latencies] = (await once(worker, "message")) as [object];
    return latencies;
  });
  await worker.terminate();
}

await main(...(process.argv.slice(2) as [string]));
