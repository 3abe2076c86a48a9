import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { cut, outputPage, paint, tableLines } from "../output/style.ts";
import { printable } from "../output/text.ts";

/** A column of a list, and what stands in it. */
export interface ListColumn<T> {
  readonly title: string;
  /** Numbers stand right. */
  readonly right?: boolean;
  textOf(row: T): string | number;
}

/** One of several objects, with its facts by bpftool's names, for `--json`. */
export type Facts = Readonly<Record<string, unknown>>;

/** A table, as wide as the terminal; with `--json` an array. Of nothing a sentence, on standard error. */
export function printList<T>(rows: readonly T[], columns: readonly ListColumn<T>[], nothing: string): void {
  if (rows.length === 0) {
    console.error(nothing);
    return;
  }
  const page = outputPage();
  const cells = rows.map((row) => columns.map((column) => printable(`${column.textOf(row)}`)));
  const heads = columns.map(({ title }) => title);
  const [heading = "", ...lines] = tableLines(
    heads,
    cells,
    columns.map(({ right }) => right === true),
  );
  printLine(paint(page, "heading", cut(heading, page.width)));
  for (const line of lines) printLine(cut(line, page.width));
}

/** Each fact in a line, under the object's name; without those that are not known. */
export function printFacts(title: string, facts: readonly (readonly [name: string, value: unknown])[]): void {
  const page = outputPage();
  printLine(paint(page, "source", printable(title)));
  const known = facts.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...known.map(([name]) => name.length));
  for (const [name, value] of known) printLine(`  ${name.padEnd(width)}  ${printable(`${String(value)}`)}`);
}

/** One object is not in an array. */
export function printJson(objects: readonly Facts[], one: boolean): void {
  printLine(jsonText(one && objects.length === 1 ? objects[0] : objects));
}

/** Without what is undefined, empty, or 0 as long as that means none. */
export function present(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => {
      return value !== undefined && !(Array.isArray(value) && value.length === 0);
    }),
  );
}

/** `3,840 B` up to 10 KiB, then `38 KiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 10_240) return `${bytes} B`;
  if (bytes < 10 * 1_048_576) return `${Math.round(bytes / 1024)} KiB`;
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
