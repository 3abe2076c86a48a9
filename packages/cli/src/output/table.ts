import Table from "cli-table3";
import { printLine } from "./print-line.ts";
import { printable } from "./text.ts";

export type Cell = string | number;

/** A titled table without lines, so that it can be cut and grepped. */
export function printTable(title: string, heads: readonly string[], rows: readonly Cell[][]): void {
  if (rows.length === 0) return;
  const table = new Table({
    head: heads.map((head) => head.toUpperCase()),
    chars: Object.fromEntries(borders.map((border) => [border, ""])),
    style: { head: [], border: [], "padding-left": 2, "padding-right": 0, compact: true },
  });
  for (const row of rows) table.push(row.map((cell) => printable(String(cell))));
  printLine(`\n${title}\n${table.toString().replace(/ +$/gm, "")}`);
}

const borders = [
  "top",
  "top-mid",
  "top-left",
  "top-right",
  "bottom",
  "bottom-mid",
  "bottom-left",
  "bottom-right",
  "left",
  "left-mid",
  "mid",
  "mid-mid",
  "right",
  "right-mid",
  "middle",
] as const;
