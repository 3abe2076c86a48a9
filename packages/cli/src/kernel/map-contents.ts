import { type BpfMap, EbpfError, openById, openPinned } from "ebpf-ts";
import type { Btf } from "ebpf-ts/btf";
import { findMap, type LoadedMap, readBtf } from "ebpf-ts/kernel";
import { mapKind } from "ebpf-ts/spec";
import { type Column, columnsOf, plainColumn } from "../run/columns.ts";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { SteadyOutput } from "../output/steady-output.ts";
import { cut, outputPage, paint, tableLines } from "../output/style.ts";
import type { FactsOptions } from "./program-list.ts";
import { wantedOne } from "./wanted.ts";

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

/** Entries of which the columns' widths are taken: a table that is longer goes on with them. */
const rowsAtOnce = 1000;

/** `ebpf map dump` */
export async function dumpMap(name: string, { json }: FactsOptions): Promise<void> {
  const id = wantedOne("map", name);
  const map = findMap(id);
  if (map === undefined) throw new Error(`Cannot read map ${id}: it is gone`);
  refuseOthers(map);
  const types = map.btf === 0 ? undefined : await typesOf(map.btf);
  const opened = (await (name.includes("/") ? openPinned(name) : openById(id))) as BpfMap;
  try {
    if (json === true) await printEntries(opened);
    else await printTable(opened, columnsOfMap(map, types), mapKind(map.type).perCpu);
  } finally {
    opened.close();
  }
}

/** Without CAP_SYS_ADMIN nobody sees them: then there are bytes. */
async function typesOf(id: number): Promise<Btf | undefined> {
  try {
    return await readBtf(id);
  } catch (error) {
    if (error instanceof EbpfError && error.code === "NO_PRIVILEGE") return undefined;
    throw error;
  }
}

/** To open a ring may take it from who reads it, and nothing that is not keys and values has anything to show. */
function refuseOthers({ id, type, typeName, name }: LoadedMap): void {
  const { noun, key } = mapKind(type);
  const title = `map ${id}${name === "" ? "" : ` (${name})`}`;
  if (noun === "struct-ops")
    throw new Error(
      `Cannot show what is in ${title}: it is a ${typeName}, whose content is operations of the kernel's`,
    );
  if (noun !== "bpf-map" || key === "none")
    throw new Error(`Cannot show what is in ${title}: it is a ${typeName}, whose content is taken by who reads it`);
  if (key === "descriptor")
    throw new Error(`Cannot show what is in ${title}: it is a ${typeName}, and nobody can list who has a value in it`);
}

async function printEntries(entries: Iterable<[unknown, unknown]>): Promise<void> {
  const output = new SteadyOutput();
  let count = 0;
  for (const [key, value] of entries) {
    printLine(jsonText({ key, value }));
    count += 1;
    if (count % rowsAtOnce === 0 && !(await output.next())) return;
  }
}

interface MapColumns {
  readonly keys: readonly Column[];
  readonly values: readonly Column[];
}

function columnsOfMap({ keyType, valueType }: LoadedMap, types: Btf | undefined): MapColumns {
  const of = (type: number, whole: string): readonly Column[] =>
    types === undefined || type === 0 ? [plainColumn(whole.toUpperCase(), [], 8)] : columnsOf(types, type, whole);
  return { keys: of(keyType, "key"), values: of(valueType, "value") };
}

async function printTable(entries: Iterable<[unknown, unknown]>, columns: MapColumns, perCpu: boolean): Promise<void> {
  const output = new SteadyOutput();
  const titles = [...columns.keys, ...columns.values].map(({ title }) => title);
  const heads = perCpu ? titles.toSpliced(columns.keys.length, 0, "CPU") : titles;
  const page = outputPage();
  let isFirst = true;
  const print = (rows: readonly string[][]): void => {
    const right = heads.map((_, column) => rows.every((row) => /^-?\d+$/.test(row[column] ?? "")));
    const [heading = "", ...lines] = tableLines(heads, rows, right);
    if (isFirst) printLine(paint(page, "heading", cut(heading, page.width)));
    isFirst = false;
    for (const line of lines) printLine(cut(line, page.width));
  };
  let rows: string[][] = [];
  for (const [key, value] of entries) {
    rows.push(...rowsOf({ key, value }, columns, perCpu));
    if (rows.length < rowsAtOnce) continue;
    print(rows);
    rows = [];
    if (!(await output.next())) return;
  }
  if (rows.length > 0) print(rows);
  else if (isFirst) console.error("The map is empty.");
}

/** Of per-CPU maps a row for each CPU. */
function rowsOf({ key, value }: Entry, { keys, values }: MapColumns, perCpu: boolean): string[][] {
  const head = keys.map((column) => column.textOf(key));
  if (!perCpu) return [[...head, ...values.map((column) => column.textOf(value))]];
  return (value as unknown[]).map((own, cpu) => [...head, `${cpu}`, ...values.map((column) => column.textOf(own))]);
}
