import { spawn } from "node:child_process";
import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { BenchFailure } from "../failure.ts";
import { startObject } from "../objects.ts";
import { buildPeer } from "../peers.ts";
import { makePublished, publishedCommand, publishedFolder } from "../published.ts";
import { median } from "../statistics.ts";

/** Arguments of Node, or of the peer. */
type Arguments = readonly string[];

interface Start {
  readonly name: string;
  readonly about: string;
  readonly ours: Arguments;
  /** What is taken off, since it was measured already: by default Node's own start. */
  readonly less?: Arguments;
  readonly peer: Arguments;
}

const nothing: Arguments = ["-e", "0"];
const script = (text: string): Arguments => ["--input-type=module", "-e", text];
const imported = script('import "ebpf-ts"');
const loaded = script(
  `import { load } from "ebpf-ts";
   const bpf = await load(${JSON.stringify(startObject)}, { engine: "kernel" });
   await bpf.attach();
   process.exit();`,
);

const starts: readonly Start[] = [
  {
    name: "start/import",
    about: "import of the library as npm gets it, beyond node -e 0, against a process with libbpf that does nothing",
    ours: imported,
    peer: ["none"],
  },
  {
    name: "start/load",
    about: "a small object loaded and attached, beyond the import, against the whole process of libbpf's loader",
    ours: loaded,
    less: imported,
    peer: ["load", startObject],
  },
  {
    name: "start/inspect",
    about: "ebpf inspect, beyond node -e 0, against libbpf that lists maps and programs",
    ours: [publishedCommand, "inspect", startObject],
    peer: ["inspect", startObject],
  },
  {
    name: "start/help",
    about: "ebpf --help, beyond node -e 0, against a process with libbpf that does nothing",
    ours: [publishedCommand, "--help"],
    peer: ["none"],
  },
];

export const startCases: readonly Case[] = starts.map((start) => ({
  name: start.name,
  about: start.about,
  unit: "ms",
  better: "less",
  open: (bench) => open(bench, start),
}));

let made: Promise<void> | undefined;

async function open(bench: Bench, { ours, less = nothing, peer }: Start): Promise<Turns> {
  await (made ??= makePublished());
  const program = await buildPeer("start");
  const node = (args: Arguments): Promise<number> => lifetime(process.execPath, args);
  await node(ours); // its files are in memory then
  return {
    ours: () => medianWithin(bench, async () => Math.max((await node(ours)) - (await node(less)), 0.001)),
    peer: () => medianWithin(bench, () => lifetime(program, peer)),
    close: async () => {},
  };
}

async function medianWithin({ options }: Bench, measure: () => Promise<number>): Promise<number> {
  const end = performance.now() + options.seconds * 1000;
  const found: number[] = [];
  do found.push(await measure());
  while (performance.now() < end);
  return median(found);
}

/** Milliseconds of a whole process, on any core: a start has threads of Node's beside it. */
function lifetime(file: string, args: Arguments): Promise<number> {
  const began = performance.now();
  const child = spawn(file, args, { cwd: publishedFolder, stdio: ["ignore", "ignore", "pipe"] });
  let [errors, took] = ["", 0];
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => (took = performance.now() - began));
    child.once("close", (code) => {
      if (code === 0) resolve(took);
      else reject(new BenchFailure(`A start failed (${[file, ...args].join(" ")}): ${errors.trim()}`));
    });
  });
}
