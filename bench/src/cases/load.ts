import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { load } from "ebpf-ts";
import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { relocatedObject } from "../objects.ts";
import { buildPeer } from "../peers.ts";
import { median } from "../statistics.ts";

const run = promisify(execFile);

/** Which of the two figures of the peer. */
type Figure = "whole" | "kernel";

const shared = "an object with 100 CO-RE relocations, from its bytes to attached and closed again";

export const loadCases: readonly Case[] = [
  { name: "load/co-re", figure: "whole" as Figure, about: `${shared}, against libbpf` },
  {
    name: "load/kernel",
    figure: "kernel" as Figure,
    about: `${shared}, against the kernel's own calls in libbpf's load`,
  },
].map(({ figure, ...row }) => ({ ...row, unit: "ms", better: "less", open: (bench) => open(bench, figure) }));

async function open({ options }: Bench, figure: Figure): Promise<Turns> {
  const peer = await buildPeer("load");
  const object = await readFile(relocatedObject);
  // What only the first of a process takes is measured as start/load.
  await loadOnce(object);
  return {
    ours: () => loadFor(object, options.seconds),
    peer: async () => {
      const { stdout } = await run(peer, [String(options.seconds), relocatedObject]);
      const [whole = NaN, kernel = NaN] = stdout.trim().split(" ").map(Number);
      return figure === "whole" ? whole : kernel;
    },
    close: async () => {},
  };
}

/** The median, in milliseconds. */
async function loadFor(object: Uint8Array, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const found: number[] = [];
  do found.push(await loadOnce(object));
  while (performance.now() < end);
  return median(found);
}

async function loadOnce(object: Uint8Array): Promise<number> {
  const began = performance.now();
  const bpf = await load(object, { engine: "kernel" });
  try {
    await bpf.attach();
  } finally {
    await bpf.close();
  }
  return performance.now() - began;
}
