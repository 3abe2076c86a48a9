import type { FileResult } from "./run-file.ts";

/** What a file came to on a runtime, judged by what is known. */
export interface Cell {
  readonly text: string;
  readonly passed: number;
  readonly skipped: number;
  /** Lines for below the table. */
  readonly known: readonly string[];
  readonly unexpected: readonly string[];
}

/** Why a test fails, or how the run of its file breaks off, where that is known. */
type Reasons = (test: string) => string | undefined;

/** `27` passed; `25 +2 known` failed for a reason that is known; `FAIL 2` failed; `FAIL SIGSEGV` died. */
export function judge({ tests, broken, output }: FileResult, reasonOf: Reasons): Cell {
  const known: string[] = [];
  const unexpected: string[] = [];
  if (broken !== undefined) {
    const reason = reasonOf(broken);
    if (reason === undefined) unexpected.push(`${broken}\n${output.trimEnd()}`);
    else known.push(`${broken}: ${reason}`);
  }
  for (const { name, state, why } of tests) {
    if (state !== "failed") continue;
    const reason = reasonOf(name);
    if (reason === undefined) unexpected.push(`${name}: ${why}`);
    else known.push(`${name}: ${reason}`);
  }
  const count = (state: string): number => tests.filter((test) => test.state === state).length;
  const counts = { passed: count("passed"), skipped: count("skipped"), known, unexpected };
  return { text: textOf(counts, broken), ...counts };
}

/** Of a file that is not run there. */
export function leftOutCell(reason: string): Cell {
  return { text: "left out", passed: 0, skipped: 0, known: [`left out: ${reason}`], unexpected: [] };
}

function textOf({ passed, skipped, known, unexpected }: Omit<Cell, "text">, broken: string | undefined): string {
  if (unexpected.length > 0)
    return broken !== undefined && known.length === 0 ? `FAIL ${broken}`.slice(0, 16) : `FAIL ${unexpected.length}`;
  return `${passed}${skipped === 0 ? "" : ` ${skipped} skipped`}${known.length === 0 ? "" : ` +${known.length} known`}`;
}

/** Of a column. */
export function total(cells: readonly Cell[]): string {
  const sum = (of: (cell: Cell) => number): number => cells.reduce((so, cell) => so + of(cell), 0);
  return [
    `${sum(({ passed }) => passed)} passed`,
    `${sum(({ known }) => known.length)} known`,
    `${sum(({ skipped }) => skipped)} skipped`,
    `${sum(({ unexpected }) => unexpected.length)} failed`,
  ].join(", ");
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
