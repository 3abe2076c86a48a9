import { EbpfError, type Collection } from "ebpf-ts";
import type { MapSpec } from "ebpf-ts/spec";
import { columnsOf, plainColumn, type Column } from "../run/columns.ts";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { say } from "../output/report-error.ts";
import { cut, paint, tableLines, type Page } from "../output/style.ts";
import { printable } from "../output/text.ts";
import { clockText } from "../output/wall-clock.ts";
import { globalHistograms, plainGlobals } from "./globals.ts";
import { histogramLines, type Scale } from "./histogram.ts";
import { type ShownEntry, type MapContents, readMap, shownMaps } from "./read-maps.ts";
import { areSlots, findSlots, type SlotsShape } from "./slots.ts";
import { countersOf, isZero } from "./values.ts";

export interface MapPrinterOptions {
  readonly json: boolean;
  /** Entries of each map. */
  readonly top: number;
  readonly perCpu: boolean;
  /** Names of maps whose slots are not powers of two. */
  readonly linear: ReadonlySet<string>;
  readonly globals: boolean;
}

/** Histograms of one map; each takes a screen. */
const mostHistograms = 10;

/** Whether anything can ever be shown. */
export function hasMapsToShow(bpf: Collection, globals: boolean, linear: ReadonlySet<string>): boolean {
  return globals || shownMaps(bpf).length > 0 || globalHistograms(bpf, linear).length > 0;
}

/** Shows what stands in the maps of an object: counters as tables, histograms as bars. */
export class MapPrinter {
  readonly #bpf: Collection;
  readonly #page: Page;
  readonly #options: MapPrinterOptions;
  /** Nothing stands above it. */
  #first = true;

  constructor(bpf: Collection, page: Page, options: MapPrinterOptions) {
    this.#bpf = bpf;
    this.#page = page;
    this.#options = options;
  }

  /**
   * Whether there was anything in them. `isFirst`: nothing was printed before. `isAgain`: it is done more than once, so that the time is told.
   * It ends early once `isOver`.
   */
  async print(isFirst: boolean, isAgain: boolean, isOver: () => boolean = () => false): Promise<boolean> {
    let any = false;
    this.#first &&= isFirst;
    if (isAgain && !this.#options.json) this.#printTitle(clockText(new Date()));
    for (const spec of shownMaps(this.#bpf)) {
      const contents = await this.#read(spec, isOver);
      if (isOver()) return any;
      if (contents === undefined || contents.entries.length === 0) continue;
      any = true;
      this.#printMap(contents);
    }
    for (const { name, entries, slots } of globalHistograms(this.#bpf, this.#options.linear)) {
      if (entries.every(({ value }) => isZero(value))) continue;
      any = true;
      if (this.#options.json) this.#printJson(name, entries, 0);
      else this.#printHistograms(name, entries, slots, 0, []);
    }
    return this.#options.globals ? this.#printGlobals() || any : any;
  }

  /** A map that cannot be read is no reason to show no others. */
  async #read(spec: MapSpec, isOver: () => boolean): Promise<MapContents | undefined> {
    try {
      return await readMap(this.#bpf, spec, this.#options, isOver);
    } catch (error) {
      if (!(error instanceof EbpfError)) throw error;
      say(error.message);
      return undefined;
    }
  }

  #printMap(contents: MapContents): void {
    const { name, entries, more, btf, valueType, perCpu, isArray } = contents;
    const { json, linear, top } = this.#options;
    const slots = findSlots(btf, valueType, name, linear);
    const scale = isArray ? areSlots(btf, valueType, name, linear) : undefined;
    const shown = scale === undefined ? entries.slice(0, top) : entries;
    const left = more + entries.length - shown.length;
    if (json) this.#printJson(name, shown, left);
    else if (scale !== undefined) this.#printSlots(contents, scale);
    else if (slots !== undefined && !perCpu)
      this.#printHistograms(name, shown, slots, left, this.#keyColumns(contents));
    else this.#printTable(contents, shown, left);
  }

  /** `more`: how many entries are left out. */
  #printJson(source: string, entries: readonly ShownEntry[], more: number): void {
    printLine(jsonText({ source, time: new Date().toISOString(), entries, ...(more > 0 ? { more } : {}) }));
  }

  #printTable(contents: MapContents, entries: readonly ShownEntry[], more: number): void {
    const { name, btf, valueType, perCpu } = contents;
    const keys = this.#keyColumns(contents);
    const values = btf === undefined || valueType === 0 ? [plainColumn("VALUE", [], 8)] : columnsOf(btf, valueType);
    const cells = ({ key, value }: ShownEntry, cpu: string[]): string[] => [
      ...keys.map((column) => column.textOf(key)),
      ...cpu,
      ...values.map((column) => column.textOf(value)),
    ];
    const rows = entries.flatMap(({ key, value }) => {
      if (!perCpu) return [cells({ key, value }, [])];
      const each = (value as unknown[]).map((own, cpu) => ({ own, cpu })).filter(({ own }) => !isZero(own));
      return each.map(({ own, cpu }) => cells({ key, value: own }, [`${cpu}`]));
    });
    const heads = [...keys, ...(perCpu ? [plainColumn("CPU", [], 3)] : []), ...values].map(({ title }) => title);
    const right = heads.map((_, column) => rows.every((row) => /^-?\d+$/.test(row[column] ?? "")));
    this.#printTitle(name);
    const [heading, ...lines] = tableLines(heads, rows, right);
    this.#say(paint(this.#page, "heading", this.#cut(heading!)));
    for (const line of lines) this.#say(this.#cut(line));
    this.#printMore(more);
  }

  /** One histogram, of an array whose entries are the slots. */
  #printSlots({ name, entries, perCpu }: MapContents, scale: Scale): void {
    const cpus = perCpu ? Math.max(...entries.map(({ value }) => (value as unknown[]).length)) : 1;
    this.#printTitle(name);
    for (let cpu = 0; cpu < cpus; cpu += 1) {
      const slots: bigint[] = [];
      for (const { key, value } of entries) slots[Number(key)] = toBigInt(perCpu ? (value as unknown[])[cpu] : value);
      const counts = Array.from(slots, (count) => count ?? 0n);
      if (counts.every((count) => count === 0n)) continue;
      if (perCpu) this.#say(`cpu ${cpu}`);
      this.#printBars(counts, scale);
    }
  }

  #printHistograms(
    name: string,
    entries: readonly ShownEntry[],
    slots: SlotsShape,
    more: number,
    keys: readonly Column[],
  ): void {
    const shown = entries.slice(0, mostHistograms);
    this.#printTitle(name);
    for (const { key, value } of shown) {
      const parts = keys.length === 0 && key !== undefined ? [`[${String(key)}]`] : [];
      const named = keys.map((column) => `${column.title.toLowerCase()} ${column.textOf(key)}`);
      const line = [...parts, ...named, ...otherMembers(value, slots)].join(" · ");
      if (line !== "") this.#say(this.#cut(line));
      const counters = slots.member === undefined ? value : (value as Record<string, unknown>)[slots.member];
      this.#printBars(countersOf(counters), slots.scale);
    }
    this.#printMore(more + entries.length - shown.length);
  }

  #printBars(slots: readonly bigint[], scale: Scale): void {
    for (const { text, bar } of histogramLines(slots, scale, this.#page.width))
      this.#say(text + (bar === "" ? "" : paint(this.#page, "bar", bar)));
  }

  #printGlobals(): boolean {
    const globals = plainGlobals(this.#bpf);
    if (globals.length === 0) return false;
    if (this.#options.json) {
      this.#printJson(
        "globals",
        globals.map(({ name, value }) => ({ key: name, value })),
        0,
      );
      return true;
    }
    this.#printTitle("globals");
    const column = plainColumn("VALUE", [], 8);
    const rows = globals.map(({ name, value }) => [printable(name), column.textOf(value)]);
    const [heading, ...lines] = tableLines(["NAME", "VALUE"], rows, [false, false]);
    this.#say(paint(this.#page, "heading", this.#cut(heading!)));
    for (const line of lines) this.#say(this.#cut(line));
    return true;
  }

  #keyColumns({ btf, keyType }: MapContents): readonly Column[] {
    return btf === undefined || keyType === 0 ? [plainColumn("KEY", [], 8)] : columnsOf(btf, keyType, "key");
  }

  #printTitle(name: string): void {
    if (!this.#first) this.#say("");
    this.#first = false;
    this.#say(paint(this.#page, "source", this.#cut(printable(name))));
  }

  #printMore(more: number): void {
    if (more > 0) this.#say(`… and ${more.toLocaleString("en-US")} more`);
  }

  #cut(line: string): string {
    return cut(line, this.#page.width);
  }

  #say(line: string): void {
    printLine(line);
  }
}

/** What else stands in a value that has slots: `count 12`. */
function otherMembers(value: unknown, { member }: SlotsShape): string[] {
  if (member === undefined) return [];
  return Object.entries(value as Record<string, unknown>)
    .filter(([name, each]) => name !== member && (typeof each !== "object" || each === null))
    .map(([name, each]) => printable(`${name} ${String(each)}`));
}

function toBigInt(value: unknown): bigint {
  return typeof value === "number" || typeof value === "bigint" ? BigInt(value) : 0n;
}
