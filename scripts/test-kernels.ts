/**
 * Runs tests on several kernels, and prints two tables: behaviour by kernel, and file of the kernel suite by kernel.
 *   npm run test:kernels -- [--short] [--on 6.1,newest,host] [WORD…]      WORDs keep the files whose path contains one of them
 * The kernels are Debian's, each in one guest of `ebpf vm`, from a cache outside of the repository (EBPF_TS_KERNELS names another); beside
 * them the host's own. The guest suite (packages/ebpf-ts/test/guest) has what may reach the whole system, and runs in guests alone; a
 * behaviour that none of all kernels shows is a failure. What differs for a reason that is not ours stands with it in kernels/known-differences.ts.
 */
import { parseArgs } from "node:util";
import { behaviourRows, isSeenNowhere, shownOn, type Shown } from "./kernels/behaviours.ts";
import { getKernel } from "./kernels/get-kernel.ts";
import { kernels } from "./kernels/kernels.ts";
import { knownDifference, knownFiles } from "./kernels/known-differences.ts";
import { onThisNode } from "./kernels/on-this-node.ts";
import { type FileRun, runInGuest } from "./kernels/run-in-guest.ts";
import { shortForm } from "./kernels/short-form.ts";
import { runFile } from "./runtimes/run-file.ts";
import { type Cell, judge, layOut, total } from "./runtimes/table.ts";
import { findGuestTests, findTests } from "./test-files.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: "boolean", default: false }, on: { type: "string" } },
});

/** Seconds for one guest. */
const guestTimeout = values.short ? 900 : 5400;

interface Column {
  readonly word: string;
  readonly title: string;
  readonly cells: Map<string, Cell>;
  readonly shown: Shown;
  /** How the guest ended, where it was not as it should. */
  readonly fault: string | undefined;
}

const isOf = (file: string, end: string): boolean => file.endsWith(`${end}.test.js`);
const nameOf = (file: string): string => file.replace(/^.*\/build\/test\//, "").replace(/\.test\.js$/, "");
const isWanted = (file: string): boolean => positionals.length === 0 || positionals.some((word) => file.includes(word));

function chosenWords(): string[] {
  const all = [...kernels.map(({ word }) => word), "host"];
  const words = values.on?.split(",") ?? all;
  const unknown = words.find((word) => !all.includes(word));
  if (unknown !== undefined) throw new Error(`There is no kernel ${unknown}: they are ${all.join(", ")}`);
  return all.filter((word) => words.includes(word));
}

/** A list that names what is not there (any more) is at fault. */
function check(list: string, ends: readonly string[], files: readonly string[]): void {
  const missing = ends.find((end) => !files.some((file) => isOf(file, end)));
  if (missing !== undefined) throw new Error(`${list} names ${missing}, which is not there`);
}

const guestSuite = await findGuestTests();
const kernelSuite = await findTests(["ebpf-ts/build/test/kernel/", "ebpf-ts/build/test/privileges/token"]);
check("The short form", shortForm, kernelSuite);
check("known-differences.ts", knownFiles, [...guestSuite, ...kernelSuite]);
const guestFiles = guestSuite.filter(isWanted);
const kernelFiles = kernelSuite
  .filter(isWanted)
  .filter((file) => !values.short || shortForm.some((end) => isOf(file, end)));
if (guestFiles.length + kernelFiles.length === 0)
  throw new Error("There are no such tests: run `npm run build` first, or name others");

async function runColumn(word: string): Promise<Column> {
  const cells = new Map<string, Cell>();
  const runs: FileRun[] = [];
  const take = (run: FileRun): void => {
    runs.push(run);
    const cell = judge(run.result, (test) => knownDifference(word, run.file, test));
    cells.set(run.file, cell);
    const lines = [`${word}: ${nameOf(run.file)}: ${cell.text} (${run.seconds.toFixed(1)} s)`, ...cell.unexpected];
    console.log(lines.join("\n    "));
  };
  const { title, fault } = word === "host" ? await runOnHost(take) : await runOnGuest(word, take);
  const guestRuns = runs.filter(({ file }) => guestFiles.includes(file));
  return { word, title, cells, shown: shownOn(word, guestRuns), fault };
}

async function runOnHost(take: (run: FileRun) => void): Promise<{ title: string; fault: undefined }> {
  for (const file of kernelFiles) {
    const start = performance.now();
    const result = await runFile(onThisNode, process.execPath, file);
    take({ file, seconds: (performance.now() - start) / 1000, result });
  }
  return { title: "host", fault: undefined };
}

async function runOnGuest(
  word: string,
  take: (run: FileRun) => void,
): Promise<{ title: string; fault: string | undefined }> {
  const { image, release } = await getKernel(kernels.find((kernel) => kernel.word === word)!);
  const fault = await runInGuest(image, [...guestFiles, ...kernelFiles], guestTimeout, take);
  return { title: /^\d+\.\d+/.exec(release)?.[0] ?? release, fault };
}

const columns: Column[] = [];
for (const word of chosenWords()) columns.push(await runColumn(word));

/** Of the guest suite, which the host has no part in. */
function printBehaviours(): void {
  const guests = columns.filter(({ word }) => word !== "host");
  const rows = behaviourRows(guests.map(({ shown }) => shown));
  if (rows.length === 0) return;
  console.log(`\n${layOut([["behaviour", ...guests.map(({ title }) => `Linux ${title}`)], ...rows])}`);
  const nowhere = guests.length < kernels.length ? [] : rows.filter(isSeenNowhere);
  if (nowhere.length === 0) return;
  console.log(`\nSeen on no kernel:\n${nowhere.map(([name]) => name).join("\n")}`);
  process.exitCode = 1;
}

function printFiles(): void {
  if (kernelFiles.length === 0) return;
  const rows = kernelFiles.map((file) => [
    nameOf(file),
    ...columns.map(({ cells }) => cells.get(file)?.text ?? "FAIL no result"),
  ]);
  console.log(`\n${layOut([["tests that passed", ...columns.map(({ title }) => title)], ...rows])}`);
}

function printDetails(title: string, kind: "known" | "unexpected"): void {
  const lines = columns.flatMap(({ title, cells }) =>
    [...cells].flatMap(([file, cell]) => cell[kind].map((line) => `${title}: ${nameOf(file)}: ${line}`)),
  );
  if (lines.length === 0) return;
  console.log(`\n${title}\n${lines.join("\n")}`);
  if (kind === "unexpected") process.exitCode = 1;
}

printBehaviours();
printFiles();
printDetails("Known, for a reason that is not ours:", "known");
printDetails("Failed:", "unexpected");
for (const { title, fault } of columns.filter(({ fault }) => fault !== undefined)) {
  console.log(`\nThe guest with Linux ${title} did not end as it should: ${fault}`);
  process.exitCode = 1;
}
console.log(`\n${columns.map(({ title, cells }) => `${title}: ${total([...cells.values()])}`).join("\n")}`);
