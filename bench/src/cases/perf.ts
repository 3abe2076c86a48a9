import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { askOurs, askPeer, produceWhile } from "./turn.ts";

interface PerfTurn {
  readonly name: string;
  readonly about: string;
  /** Bytes after which the reader is woken; 0 for each event. */
  readonly watermark: number;
}

/** Of each CPU's ring: 256 KiB. */
const pages = 64;

interface Consumed {
  readonly records: number;
  readonly seconds: number;
}

export const perfCases: readonly Case[] = [
  perfCase({
    name: "perf/40",
    about: `a perf event array of ${pages} pages a CPU, each event wakes: raw batches, against perf_buffer__poll`,
    watermark: 0,
  }),
  perfCase({
    name: "perf/watermark/40",
    about: "the same, woken after 64 KiB: raw batches, against perf_buffer__poll on perf_buffer__new_raw",
    watermark: 65_536,
  }),
];

/** Delivered events a second while the producer offers more than anybody can take. */
function perfCase({ name, about, watermark }: PerfTurn): Case {
  return { name, about, unit: "records/s", better: "more", open: (bench) => open(bench, watermark) };
}

/** The map and its producer are the same for both; each side's turn puts its own rings into the map, and takes them away. */
async function open(bench: Bench, watermark: number): Promise<Turns> {
  await bench.build("perf");
  const folder = bench.pinFolder();
  const child = bench.ours("perf", [folder, String(pages), String(watermark)]);
  await child.answer();
  const rate = async (consume: () => Promise<Consumed>): Promise<number> => {
    const { consumed } = await produceWhile(bench, { program: `${folder}/produce` }, consume);
    return consumed.records / consumed.seconds;
  };
  const ours = (): Promise<number> => rate(() => askOurs<Consumed>(bench, child));
  const args = [`${folder}/perf_events`, String(pages), String(watermark)];
  await ours(); // compiles the loops
  return {
    ours,
    peer: () => rate(() => askPeer<Consumed>(bench, "perf", args)),
    close: () => child.end(),
  };
}
