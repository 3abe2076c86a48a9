import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import type { Child } from "../child.ts";
import { askOurs, askPeer } from "./turn.ts";

/** `produce` fills the ring and has it drained, in turn; `stream` writes while the other core drains. */
export type UserRingMode = "produce" | "stream";

interface Produced {
  readonly samples: number;
  /** Spent on writing. */
  readonly seconds: number;
}

export const userRingCases: readonly Case[] = [
  {
    name: "user-ring/end-to-end",
    about: "samples a second, written on one core and drained by a program on the other",
    unit: "samples/s",
    better: "more",
    open: (bench) => open(bench, "stream", ({ samples, seconds }) => samples / seconds),
  },
  {
    name: "user-ring/produce",
    about: "time to write a sample: fill() against user_ring_buffer__reserve and __submit",
    unit: "ns",
    better: "less",
    open: (bench) => open(bench, "produce", ({ samples, seconds }) => (seconds / samples) * 1e9),
  },
];

async function open(bench: Bench, mode: UserRingMode, measure: (produced: Produced) => number): Promise<Turns> {
  const folder = bench.pinFolder();
  const child = bench.ours("user-ring", [folder, mode]);
  await child.answer();
  const ours = async (): Promise<number> => measure(await askOurs<Produced>(bench, child));
  const peer = async (): Promise<number> =>
    measure(await askPeer<Produced>(bench, "user-ring", [`${folder}/commands`, `${folder}/drain`, mode]));
  const drainedOrNot = async (produce: () => Promise<number>): Promise<number> =>
    mode === "stream" ? whileDrained(bench, folder, produce) : produce();
  await drainedOrNot(ours); // compiles the loop
  return {
    ours: () => drainedOrNot(ours),
    peer: () => drainedOrNot(peer),
    close: () => child.end(),
  };
}

async function whileDrained<T>(bench: Bench, folder: string, produce: () => Promise<T>): Promise<T> {
  const drainer: Child = await bench.otherCore("drainer", [`${folder}/drain`]);
  const drained = drainer.answer();
  // The drainer only speaks when its input ends: an earlier end is a failure, which is thrown here.
  const result = await Promise.race([produce(), drained.then(() => new Promise<never>(() => {}))]);
  drainer.endInput();
  await drained;
  return result;
}
