import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { cut, paint, type Page } from "../output/style.ts";
import { printable } from "../output/text.ts";
import { clockText, wallClock } from "../output/wall-clock.ts";
import { padEnd, widthOf } from "../output/width.ts";
import { eventLine, headingLine, type Column } from "./columns.ts";

/** An event of a ring, of a perf event array, or a line that a program printed. */
export interface ShownEvent {
  readonly source: string;
  /** Of what is written for each CPU. */
  readonly cpu?: number;
  /** Nanoseconds of CLOCK_MONOTONIC: when it was, or else when it was read. */
  readonly time: bigint;
  /** Whether it says itself when it was. */
  readonly isTimed: boolean;
  readonly event: unknown;
}

/** How the events of one source look. */
export interface SourceLayout {
  readonly columns: readonly Column[];
  /** Whether its events can say when they were. */
  readonly hasTime: boolean;
}

const timeWidth = "00:00:00.000".length;

/** Prints the events of all sources, in columns or as JSON lines, up to a limit. */
export class EventPrinter {
  readonly #json: boolean;
  readonly #limit: number;
  readonly #page: Page;
  readonly #layouts: ReadonlyMap<string, SourceLayout>;
  /** Of the names of sources; 0 where there is one. */
  readonly #nameWidth: number;
  readonly #headings = new Set<string>();
  #printed = 0;

  constructor(layouts: ReadonlyMap<string, SourceLayout>, page: Page, json: boolean, limit: number | undefined) {
    this.#json = json;
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#page = page;
    this.#layouts = layouts;
    const names = [...layouts.keys()].map((name) => widthOf(printable(name)));
    this.#nameWidth = names.length > 1 ? Math.max(...names, "SOURCE".length) : 0;
  }

  /** No further event will be printed. */
  get full(): boolean {
    return this.#printed >= this.#limit;
  }

  get printed(): number {
    return this.#printed;
  }

  print(shown: ShownEvent): void {
    if (this.full) return;
    this.#printed += 1;
    if (this.#json) this.#printJson(shown);
    else this.#printRow(shown);
  }

  /** One shape, however many sources there are. */
  #printJson({ source, cpu, time, isTimed, event }: ShownEvent): void {
    const when = isTimed ? { time: wallClock(time).toISOString() } : {};
    printLine(jsonText({ source, ...when, ...(cpu === undefined ? {} : { cpu }), event }));
  }

  /** The heading of each source comes once, before its first row; sources that look alike share one. */
  #printRow({ source, time, isTimed, event }: ShownEvent): void {
    const { columns, hasTime } = this.#layouts.get(source)!;
    const heading = (hasTime ? `${padEnd("TIME", timeWidth)} ` : "") + headingLine(columns);
    if (!this.#headings.has(heading)) {
      this.#headings.add(heading);
      this.#printLine("SOURCE", heading, "heading");
    }
    const clock = isTimed ? clockText(wallClock(time)) : "";
    const row = (hasTime ? `${padEnd(clock, timeWidth)} ` : "") + eventLine(columns, event);
    this.#printLine(printable(source), row, undefined);
  }

  #printLine(source: string, line: string, style: "heading" | undefined): void {
    const name = this.#nameWidth === 0 ? "" : `${padEnd(source, this.#nameWidth)} `;
    const all = cut(`${name}${line}`.trimEnd(), this.#page.width);
    if (style !== undefined) printLine(paint(this.#page, style, all));
    else if (name === "") printLine(all);
    else printLine(paint(this.#page, "source", all.slice(0, name.length)) + all.slice(name.length));
  }
}
