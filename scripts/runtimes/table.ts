import { knownFailure, leftOut } from "./known-failures.ts";
import type { FileResult } from "./run-file.ts";

/** What a file came to on a runtime, judged by what is known. */
export interface Cell {
  readonly text: string;
  /** Lines for below the table. */
  readonly known: readonly string[];
  readonly unexpected: readonly string[];
}

/** `27` passed; `25 +2 known` failed for a reason that is known; `FAIL 2` failed; `FAIL SIGSEGV` died. */
export function judge(runtime: string, file: string, { tests, broken, output }: FileResult): Cell {
  const known: string[] = [];
  const unexpected: string[] = [];
  if (broken !== undefined) {
    const reason = knownFailure(runtime, file, broken)?.reason;
    if (reason === undefined) unexpected.push(`${broken}\n${output.trimEnd()}`);
    else known.push(`${broken}: ${reason}`);
  }
  for (const { name, state, why } of tests) {
    if (state !== "failed") continue;
    const reason = knownFailure(runtime, file, name)?.reason;
    if (reason === undefined) unexpected.push(`${name}: ${why}`);
    else known.push(`${name}: ${reason}`);
  }
  return { text: textOf(tests, broken, known.length, unexpected.length), known, unexpected };
}

/** Of a file that is not run there. */
export function judgeLeftOut(runtime: string, file: string): Cell | undefined {
  const reason = leftOut(runtime, file);
  return reason === undefined ? undefined : { text: "left out", known: [`left out: ${reason}`], unexpected: [] };
}

function textOf(tests: FileResult["tests"], broken: string | undefined, known: number, unexpected: number): string {
  const count = (state: string): number => tests.filter((test) => test.state === state).length;
  const skipped = count("skipped") === 0 ? "" : ` ${count("skipped")} skipped`;
  if (unexpected > 0) return broken !== undefined && known === 0 ? `FAIL ${broken}`.slice(0, 16) : `FAIL ${unexpected}`;
  return `${count("passed")}${skipped}${known === 0 ? "" : ` +${known} known`}`;
}

/** Columns that are as wide as they must be. */
export function layOut(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
