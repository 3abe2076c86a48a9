import { availableParallelism } from "node:os";
import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { Child } from "../child.ts";
import { oursScript } from "../paths.ts";
import { NotRunnable } from "../not-runnable.ts";
import { askOurs } from "./turn.ts";

interface Handled {
  readonly events: number;
  readonly seconds: number;
}

export const dispatchCases: readonly Case[] = [
  {
    name: "dispatch/2",
    about: "events a second of a handler that takes CPU time: two worker threads, against one",
    unit: "events/s",
    better: "more",
    open,
  },
];

async function open(bench: Bench): Promise<Turns> {
  if (availableParallelism() < 2) throw new NotRunnable("dispatch/2 takes two cores");
  // Two cores, which the process that it replaces was given only the first of.
  const child = new Child("dispatch", 0, "taskset", ["-c", "0,1", process.execPath, oursScript("dispatch")]);
  await child.answer();
  const handle = async (workers: number): Promise<number> => {
    const { events, seconds } = await askOurs<Handled>(bench, child, { workers });
    return events / seconds;
  };
  return { ours: () => handle(2), peer: () => handle(1), close: () => child.end() };
}
