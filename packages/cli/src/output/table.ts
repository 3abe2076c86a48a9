import { printLine } from "./print-line.ts";
import { printable } from "./text.ts";
import { padEnd, widthOf } from "./width.ts";

export type Cell = string | number;

/** A titled table without lines, so that it can be cut and grepped. */
export function printTable(title: string, heads: readonly string[], rows: readonly Cell[][]): void {
  if (rows.length === 0) return;
  const cells = [
    heads.map((head) => head.toUpperCase()),
    ...rows.map((row) => row.map((cell) => printable(`${cell}`))),
  ];
  const widths = heads.map((_, column) => cells.reduce((most, row) => Math.max(most, widthOf(row[column] ?? "")), 0));
  const lines = cells.map((row) => widths.map((width, column) => `  ${padEnd(row[column] ?? "", width)}`).join(""));
  printLine(`\n${title}\n${lines.map((line) => line.trimEnd()).join("\n")}`);
}
