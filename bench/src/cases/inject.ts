import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { askOurs, askPeer } from "./turn.ts";

interface Spent {
  /** Nanoseconds of the processor for one record. */
  readonly nanoseconds: number;
}

export const injectCases: readonly Case[] = [
  {
    name: "inject/batch",
    about:
      "CPU time of an event by injectFill(), 3,000 a call, against the kernel's drain alone of a user ring, doing nothing",
    unit: "ns",
    better: "less",
    open: (bench) => open(bench, "fill"),
  },
  {
    name: "inject/objects",
    about: "the same by injectMany() of objects with six members",
    unit: "ns",
    better: "less",
    open: (bench) => open(bench, "objects"),
  },
];

async function open(bench: Bench, way: "fill" | "objects"): Promise<Turns> {
  const folder = bench.pinFolder();
  const child = bench.ours("inject", [folder, way]);
  await child.answer();
  return {
    ours: async () => (await askOurs<Spent>(bench, child)).nanoseconds,
    peer: async () =>
      (await askPeer<Spent>(bench, "drain", [`${folder}/samples`, `${folder}/drain`, "drain"])).nanoseconds,
    close: () => child.end(),
  };
}
