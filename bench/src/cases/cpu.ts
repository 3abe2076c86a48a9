import type { Case } from "../case.ts";
import { type Load, type OursMode, PinnedRing, type RingTurn } from "./pinned-ring.ts";

const rates = { "1k": 1_000, "100k": 100_000, "1M": 1_000_000 };
const ways = {
  "": { mode: "batches", about: "raw batches" },
  "/10ms": { mode: "within10Ms", about: "raw batches with maxLatencyMs: 10" },
  "/decoded": { mode: "decoded", about: "six decoded fields" },
} as const satisfies Record<string, { mode: OursMode; about: string }>;

/** What a core pays for a record at a rate that both sides keep up with: CPU time of all threads of the process. */
export const cpuCases: readonly Case[] = Object.entries(rates).flatMap(([name, rate]) =>
  Object.entries(ways).map(([suffix, { mode, about }]) =>
    cpu(
      `cpu/${name}${suffix}`,
      rate,
      mode,
      `CPU time of a record at ${name} records a second, ${about}, against ring_buffer__poll`,
    ),
  ),
);

function cpu(name: string, rate: number, ours: OursMode, about: string): Case {
  const turn: RingTurn = { ours, peer: ["ring", "poll"], bytes: 40, flags: 0 };
  const load: Load = { rate };
  return {
    name,
    about,
    unit: "ns",
    better: "less",
    async open(bench) {
      const ring = await PinnedRing.open(bench, turn);
      await bench.settle(() => ring.ours(load));
      const nanoseconds = ({ consumed: { cpu, records } }: { consumed: { cpu: number; records: number } }): number =>
        (cpu * 1e9) / Math.max(records, 1);
      return {
        ours: async () => nanoseconds(await ring.ours(load)),
        peer: async () => nanoseconds(await ring.peer(load)),
        close: () => ring.close(),
      };
    },
  };
}
