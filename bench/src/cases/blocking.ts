import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { median } from "../statistics.ts";
import { askOurs, askPeer, produceWhile } from "./turn.ts";

interface Latencies {
  readonly nanoseconds: readonly number[];
}

/** Events a second. */
const rate = 1000;

export const blockingCases: readonly Case[] = [
  {
    name: "latency/blocking",
    about: "from bpf_ktime_get_ns() to drainBlocking's callback in a worker, one event a millisecond, p50",
    unit: "µs",
    better: "less",
    open,
  },
];

async function open(bench: Bench): Promise<Turns> {
  const folder = bench.pinFolder();
  const child = bench.ours("blocking", [folder]);
  await child.answer();
  const ours = (): Promise<number> => p50(bench, folder, () => askOurs<Latencies>(bench, child));
  const peer = (): Promise<Latencies> => askPeer<Latencies>(bench, "ring", [`${folder}/events`, "latency"]);
  await bench.settle(ours);
  return { ours, peer: () => p50(bench, folder, peer), close: () => child.end() };
}

/** In microseconds. */
async function p50(bench: Bench, folder: string, consume: () => Promise<Latencies>): Promise<number> {
  const { consumed } = await produceWhile(bench, { program: `${folder}/produce`, rate, stamped: true }, consume);
  return median(consumed.nanoseconds) / 1000;
}
