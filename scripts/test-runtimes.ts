/**
 * Runs the compiled tests on every runtime that the library is to work on, and prints one table: file by runtime.
 *   npm run test:runtimes -- [--short] [--on node26,bun,deno] [WORD…]      WORDs keep the files whose path contains one of them
 * The runtimes come from npm, to a cache outside of the repository (EBPF_TS_RUNTIMES names another). What fails on one for a reason that is
 * not ours stands with it in runtimes/known-failures.ts.
 */
import { parseArgs } from "node:util";
import { install } from "./runtimes/install.ts";
import { runFile } from "./runtimes/run-file.ts";
import { type Runtime, runtimes, wordOf } from "./runtimes/runtimes.ts";
import { shortForm } from "./runtimes/short-form.ts";
import { type Cell, judge, judgeLeftOut, layOut } from "./runtimes/table.ts";
import { findTests } from "./test-files.ts";

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

async function chosenFiles(): Promise<string[]> {
  const files = await findTests(positionals);
  if (!values.short) return files;
  const missing = shortForm.find((end) => !files.some((file) => file.endsWith(`${end}.test.js`)));
  if (missing !== undefined && positionals.length === 0)
    throw new Error(`The short form names ${missing}, which is not there`);
  return files.filter((file) => shortForm.some((end) => file.endsWith(`${end}.test.js`)));
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
// One after the other: they share the kernel.
for (const { runtime, binary } of columns) {
  for (const file of files) {
    const start = performance.now();
    const cell =
      judgeLeftOut(wordOf(runtime), file) ?? judge(wordOf(runtime), file, await runFile(runtime, binary, file));
    cells.get(file)!.push(cell);
    console.log(
      `${runtime.name}: ${rowName(file)}: ${cell.text} (${((performance.now() - start) / 1000).toFixed(1)} s)`,
    );
  }
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
