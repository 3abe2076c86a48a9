import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { BenchFailure } from "../failure.ts";
import { askOurs, askPeer } from "./turn.ts";

/** How the peer reads: a system call for each counter, or one for all. */
type PeerMode = "lookup" | "batch";

interface Read {
  /** Nanoseconds to read all counters once. */
  readonly nanoseconds: number;
  /** Of one reading, so that both are known to have read the same. */
  readonly sum: number;
}

export const arrayCases: readonly Case[] = [
  arrayCase("array/lookup", "BPF_MAP_LOOKUP_ELEM for each", "lookup"),
  arrayCase("array/batch", "one BPF_MAP_LOOKUP_BATCH", "batch"),
];

function arrayCase(name: string, calls: string, mode: PeerMode): Case {
  return {
    name,
    about: `time to add up 1,000 counters of an array: its memory, against ${calls}`,
    unit: "ns",
    better: "less",
    open: (bench) => open(bench, mode),
  };
}

async function open(bench: Bench, mode: PeerMode): Promise<Turns> {
  const folder = bench.pinFolder();
  const child = bench.ours("array", [folder]);
  const { sum } = await child.answer<{ sum: number }>();
  const checked = (read: Read): number => {
    if (read.sum !== sum) throw new BenchFailure(`The counters add up to ${sum}, and ${read.sum} was read`);
    return read.nanoseconds;
  };
  return {
    ours: async () => checked(await askOurs<Read>(bench, child)),
    peer: async () => checked(await askPeer<Read>(bench, "array", [`${folder}/counters`, mode])),
    close: () => child.end(),
  };
}
