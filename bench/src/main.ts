/**
 * Measures this library against its peers, in turns (ours, peer, ours, peer, …) on the same map and the same cores.
 *   npm run bench -- [--json] [--seconds N] [--pairs N] [CASE…]     a CASE is the beginning of a name, such as ring/event
 */
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { haveEngine } from "ebpf-ts";
import { Bench } from "./bench.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases.ts";
import { BenchFailure } from "./failure.ts";
import { NotRunnable } from "./not-runnable.ts";
import { otherLoad } from "./other-load.ts";
import { headline, resultLine } from "./report.ts";
import { type Pair, type Result, summarize } from "./statistics.ts";

const usage = "npm run bench -- [--json] [--list] [--seconds N] [--pairs N] [CASE…]";

interface Arguments {
  readonly json: boolean;
  readonly list: boolean;
  readonly seconds: number;
  readonly pairs: number;
  readonly wanted: readonly Case[];
}

function readArguments(): Arguments {
  const { values, positionals } = parse();
  return {
    json: values.json,
    list: values.list,
    seconds: positive("--seconds", values.seconds),
    pairs: whole("--pairs", values.pairs),
    wanted: select(positionals),
  };
}

function parse(): { values: { json: boolean; list: boolean; seconds: string; pairs: string }; positionals: string[] } {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        seconds: { type: "string", default: "1" },
        pairs: { type: "string", default: "5" },
      },
    });
  } catch (cause) {
    throw new BenchFailure(`${(cause as Error).message}; usage: ${usage}`, { cause });
  }
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1e6) return value;
  throw new BenchFailure(`${option} takes a positive number, not ${JSON.stringify(text)}`);
}

function whole(option: string, text: string): number {
  const value = positive(option, text);
  if (Number.isInteger(value)) return value;
  throw new BenchFailure(`${option} takes a whole number, not ${JSON.stringify(text)}`);
}

function select(prefixes: readonly string[]): readonly Case[] {
  if (prefixes.length === 0) return cases;
  for (const prefix of prefixes) {
    if (cases.some(({ name }) => matches(name, prefix))) continue;
    throw new BenchFailure(`There is no case ${prefix}: the cases are ${cases.map(({ name }) => name).join(", ")}`);
  }
  return cases.filter(({ name }) => prefixes.some((prefix) => matches(name, prefix)));
}

/** `ring/event` means ring/event/40 and its like, and not user-ring. */
function matches(name: string, prefix: string): boolean {
  return name === prefix || name.startsWith(`${prefix}/`);
}

async function measure(bench: Bench, one: Case): Promise<Result> {
  const turns = await one.open(bench);
  const pairs: Pair[] = [];
  for (let turn = 0; turn < bench.options.pairs; turn += 1)
    pairs.push({ ours: await turns.ours(), peer: await turns.peer() });
  await turns.close();
  return summarize(one.name, one.unit, one.better, pairs);
}

async function tell(bench: Bench, one: Case, json: boolean): Promise<void> {
  try {
    const result = await measure(bench, one);
    console.log(json ? JSON.stringify(result) : resultLine(result));
  } catch (error) {
    if (!(error instanceof NotRunnable)) throw error;
    bench.endProcesses();
    console.error(error.message);
  }
}

/** A figure that was taken beside somebody else's work says little: it is told, and taken all the same. */
async function warnOfLoad(): Promise<void> {
  const load = await otherLoad();
  if (load < 0.15) return;
  console.error(`Other processes use ${Math.round(load * 100)} % of the processors: the figures will wander`);
}

async function run(): Promise<void> {
  const { json, list, seconds, pairs, wanted } = readArguments();
  if (list) return wanted.forEach(({ name, about }) => console.log(`${name.padEnd(22)}${about}`));
  const { usable, reason } = await haveEngine("kernel");
  if (!usable) throw new BenchFailure(`Cannot measure: ${reason}`);
  const bench = new Bench({ seconds, pairs });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      bench.close();
      process.exit(128 + constants.signals[signal]);
    });
  }
  try {
    await warnOfLoad();
    if (!json) console.log(headline());
    for (const one of wanted) await tell(bench, one, json);
  } finally {
    bench.close();
  }
}

try {
  await run();
} catch (error) {
  if (!(error instanceof BenchFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
