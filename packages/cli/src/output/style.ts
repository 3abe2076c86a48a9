import { styleText } from "node:util";
import { padEnd, widthOf } from "./width.ts";

type Style = "heading" | "source" | "bar";
const formats = { heading: "bold", source: "cyan", bar: "green" } as const;

/** What the output is written on. */
export interface Page {
  /** Columns of the terminal, or what COLUMNS says; undefined where lines may be as long as they like: in a file, or a pipe. */
  readonly width: number | undefined;
  readonly colours: boolean;
}

/** Standard output. Colours are for terminals; NO_COLOR takes them away, and FORCE_COLOR brings them anywhere. */
export function outputPage(): Page {
  const { stdout, env } = process;
  const asked = Number(env["COLUMNS"]);
  const width = Number.isInteger(asked) && asked > 0 ? asked : stdout.isTTY ? stdout.columns : 0;
  const isForced = env["FORCE_COLOR"] !== undefined && !["", "0", "false"].includes(env["FORCE_COLOR"]);
  const isWanted = (env["NO_COLOR"] ?? "") === "" && stdout.isTTY && stdout.hasColors();
  // A terminal that does not know how wide it is says 0.
  return { width: width > 0 ? width : undefined, colours: isForced || isWanted };
}

export function paint(page: Page, style: Style, text: string): string {
  return page.colours ? styleText(formats[style], text, { validateStream: false }) : text;
}

/** The text in so many columns, with an ellipsis where some of it is left out. */
export function cut(text: string, width: number | undefined): string {
  if (width === undefined || widthOf(text) <= width) return text;
  let kept = "";
  let taken = 0;
  for (const character of text) {
    taken += widthOf(character);
    if (taken > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text;
}

/** Rows as columns of their widest cell, with a heading, and no space at the ends of lines. Numbers stand right. */
export function tableLines(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
): string[] {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => all.reduce((width, row) => Math.max(width, widthOf(row[column] ?? "")), 0));
  return all.map((row) =>
    row
      .map((cell, column) => (right[column] === true ? padStart(cell, widths[column]!) : padEnd(cell, widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
}
