import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { Child } from "../child.ts";
import { type Consumed, type Load, PinnedRing, type RingTurn } from "./pinned-ring.ts";

/** Few enough that next to nothing of the ring itself is touched. */
const load: Load = { rate: 1000 };
/** Node that has done nothing, and says what it has in memory. */
const idle = "console.log(JSON.stringify({ rss: process.resourceUsage().maxRSS }))";

/** Memory of a process that reads one ring: the most that was resident, its shared libraries included. */
export const rssCases: readonly Case[] = [
  rss(
    "rss/node",
    "resident memory of a process that reads one ring, against Node that does nothing",
    ["ring", "poll"],
    {
      peer: nodeAlone,
    },
  ),
  rss("rss/libbpf", "the same, against libbpf in C", ["ring", "poll"]),
  rss("rss/cilium", "the same, against cilium/ebpf in Go", ["cilium"]),
];

function rss(
  name: string,
  about: string,
  peer: RingTurn["peer"],
  others: { peer?: (bench: Bench) => Promise<number> } = {},
): Case {
  return {
    name,
    about,
    unit: "MiB",
    better: "less",
    async open(bench): Promise<Turns> {
      const ring = await PinnedRing.open(bench, { ours: "batches", peer, bytes: 40, flags: 0 });
      const mebibytes = ({ consumed }: { consumed: Consumed }): number => consumed.rss / 1024;
      return {
        ours: async () => mebibytes(await ring.ours(load)),
        peer: others.peer === undefined ? async () => mebibytes(await ring.peer(load)) : () => others.peer!(bench),
        close: () => ring.close(),
      };
    },
  };
}

async function nodeAlone(): Promise<number> {
  const child = new Child("node", 0, process.execPath, ["-e", idle]);
  const { rss } = await child.answer<{ rss: number }>();
  await child.end();
  return rss / 1024;
}
