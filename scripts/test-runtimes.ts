/**
 * Runs the compiled tests on every runtime that the library is to work on, and prints one table: file by runtime.
 *   npm run test:runtimes -- [--short] [--on node26,bun,deno] [WORD…]      WORDs keep the files whose path contains one of them
 * The runtimes come from npm, to a cache outside of the repository (EBPF_TS_RUNTIMES names another). What fails on one for a reason that is
 * not ours stands with it in runtimes/known-failures.ts; what says nothing of a runtime is left out (runtimes/independent.ts). Tests of pure
 * rooms run side by side.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { independent } from "./runtimes/independent.ts";
import { install } from "./runtimes/install.ts";
import { runFile } from "./runtimes/run-file.ts";
import { type Runtime, runtimes, wordOf } from "./runtimes/runtimes.ts";
import { shortForm } from "./runtimes/short-form.ts";
import { knownFailure, knownFiles, leftOut } from "./runtimes/known-failures.ts";
import { type Cell, judge, layOut, leftOutCell, total } from "./runtimes/table.ts";
import { findTests, isPure } from "./test-files.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: "boolean", default: false }, on: { type: "string" } },
});

function chosenRuntimes(): Runtime[] {
  const words = values.on?.split(",");
  const unknown = words?.find((word) => !runtimes.some((runtime) => wordOf(runtime) === word));
  if (unknown === undefined) return runtimes.filter((runtime) => words?.includes(wordOf(runtime)) ?? true);
  throw new Error(`There is no runtime ${unknown}: they are ${runtimes.map(wordOf).join(", ")}`);
}

const isOf = (file: string, end: string): boolean => file.endsWith(`${end}.test.js`);

/** A list that names what is not there (any more) is at fault. */
function check(list: string, ends: readonly string[], files: readonly string[]): void {
  const missing = ends.find((end) => !files.some((file) => isOf(file, end)));
  if (missing !== undefined) throw new Error(`${list} names ${missing}, which is not there`);
}

async function chosenFiles(): Promise<string[]> {
  const all = await findTests([]);
  const left = independent.map(({ file }) => file);
  check("The short form", shortForm, all);
  check("independent.ts", left, all);
  check("known-failures.ts", knownFiles, all);
  const files = (await findTests(positionals))
    .filter((file) => !left.some((end) => isOf(file, end)))
    .filter((file) => !values.short || shortForm.some((end) => isOf(file, end)));
  if (files.length === 0) throw new Error("There are no such tests: run `npm run build` first, or name others");
  return files;
}

/** `ebpf-ts ring/consumer` */
function rowName(file: string): string {
  return file
    .replace(/^(packages|examples)\//, "")
    .replace(/\/build\/(test\/|src\/)?/, " ")
    .replace(/\.test\.js$/, "");
}

const columns = await Promise.all(
  chosenRuntimes().map(async (runtime) => ({ runtime, binary: await install(runtime) })),
);
const files = await chosenFiles();
const cells = new Map<string, Cell[]>(files.map((file) => [file, []]));

async function cellOf(file: string, runtime: Runtime, binary: string): Promise<Cell> {
  const word = wordOf(runtime);
  const reason = leftOut(word, file);
  if (reason !== undefined) return leftOutCell(reason);
  return judge(await runFile(runtime, binary, file), (test) => knownFailure(word, file, test)?.reason);
}

async function runOne(file: string, { runtime, binary }: (typeof columns)[number]): Promise<void> {
  const start = performance.now();
  const cell = await cellOf(file, runtime, binary);
  cells.get(file)!.push(cell);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${runtime.name}: ${rowName(file)}: ${cell.text} (${seconds} s)`);
}

/** So many side by side. */
async function runAll(list: readonly string[], lanes: number, column: (typeof columns)[number]): Promise<void> {
  const left = list.values();
  const lane = async (): Promise<void> => {
    for (const file of left) await runOne(file, column);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

const totals: string[] = [];
for (const column of columns) {
  const start = performance.now();
  await runAll(files.filter(isPure), availableParallelism(), column);
  // One after the other: they share the kernel.
  await runAll(
    files.filter((file) => !isPure(file)),
    1,
    column,
  );
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  totals.push(`${column.runtime.name}: ${total(files.map((file) => cells.get(file)!.at(-1)!))}, in ${minutes} minutes`);
}

function details(title: string, kind: "known" | "unexpected"): void {
  const lines = files.flatMap((file) =>
    cells
      .get(file)!
      .flatMap((cell, at) => cell[kind].map((line) => `${columns[at]!.runtime.name}: ${rowName(file)}: ${line}`)),
  );
  if (lines.length > 0) console.log(`\n${title}\n${lines.join("\n")}`);
  if (kind === "unexpected" && lines.length > 0) process.exitCode = 1;
}

const header = ["tests that passed", ...columns.map(({ runtime }) => runtime.name)];
console.log(
  `\n${layOut([header, ...files.map((file) => [rowName(file), ...cells.get(file)!.map(({ text }) => text)])])}`,
);
details("Known, for a reason that is not ours:", "known");
details("Failed:", "unexpected");
if (positionals.length === 0 && !values.short)
  console.log(
    `\nThe same on each, and left to \`npm test\`:\n${independent.map(({ file, reason }) => `${file}: ${reason}`).join("\n")}`,
  );
console.log(`\n${totals.join("\n")}`);
