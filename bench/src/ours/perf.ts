/**
 * Our reader of a perf event array, in a process of its own: loads the object, which pins the map by its name, pins the producer
 * beside it, then runs a turn for each line of its input, each with rings of its own in the map.
 *   perf.js FOLDER PAGES WATERMARK
 */
import { load, type PerfEventArray, type PerfRingOptions } from "ebpf-ts";
import { perfObject } from "../objects.ts";
import { serveTurns } from "./turns.ts";

/** Offset of `pid`, which is read of every event so that its bytes are touched, as the peer does. */
const pidAt = 8;

async function read(perf: PerfEventArray, seconds: number): Promise<object> {
  let records = 0;
  let sum = 0;
  const lost = perf.lost;
  const start = performance.now();
  const until = start + seconds * 1000;
  for await (const batch of perf.batches()) {
    for (const record of batch) {
      sum += record.u32(pidAt);
      records += 1;
    }
    if (performance.now() >= until) break;
  }
  return { records, sum, lost: perf.lost - lost, seconds: (performance.now() - start) / 1000 };
}

async function main(folder: string, pages: string, watermark: string): Promise<void> {
  const loadIt = () => load(perfObject, { engine: "kernel", pinRoot: folder });
  await using shared = await loadIt();
  shared.program("produce_perf").pin(`${folder}/produce`);
  const options: PerfRingOptions = {
    pages: Number(pages),
    watermark: Number(watermark) > 0 ? { bytes: Number(watermark) } : undefined,
  };
  await serveTurns(async ({ seconds, warmUp }) => {
    await using turn = await loadIt();
    const perf = turn.perfEventArray("perf_events", options);
    await read(perf, warmUp);
    return await read(perf, seconds);
  });
}

await main(...(process.argv.slice(2) as [string, string, string]));
