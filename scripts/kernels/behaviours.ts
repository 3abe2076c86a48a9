import type { TestResult } from "../runtimes/read-report.ts";
import { knownDifference } from "./known-differences.ts";
import type { FileRun } from "./run-in-guest.ts";

/** What the guest suite showed on a kernel: a row each test, a word for each. */
export type Shown = ReadonlyMap<string, string>;

/** In the order in which they ran; of kprobe.test.js, `kprobe: runs for each call`. */
export function shownOn(kernel: string, runs: readonly FileRun[]): Shown {
  return new Map(
    runs.flatMap(({ file, result }) =>
      result.tests.map((test) => [
        `${kindOf(file)}: ${test.name}`,
        wordFor(test, knownDifference(kernel, file, test.name)),
      ]),
    ),
  );
}

const kindOf = (file: string): string => file.replace(/^.*\//, "").replace(/\.test\.js$/, "");

const seen = "yes";

/** `from 6.10` where the kernel is too old; of what is known the reason stands below the table. */
function wordFor(test: TestResult, reason: string | undefined): string {
  if (test.state === "passed") return seen;
  if (test.state === "failed") return reason === undefined ? "FAIL" : "known";
  const version = /\bLinux (\d+\.\d+)/.exec(test.why)?.[1];
  return version === undefined ? "skipped" : `from ${version}`;
}

/** Rows for all of them: what one kernel never got to, another did. */
export function behaviourRows(columns: readonly Shown[]): string[][] {
  const names = new Set(columns.flatMap((shown) => [...shown.keys()]));
  return [...names].map((name) => [name, ...columns.map((shown) => shown.get(name) ?? "")]);
}

export function isSeenNowhere(row: readonly string[]): boolean {
  return !row.includes(seen);
}
