import Table from "cli-table3";
import { parse, readObject, type CollectionSpec, type MapSpec, type ProgramSpec } from "ebpf-ts";
import type { LineInfo } from "ebpf-ts/btf";
import { disassembleFunction, mapTypeName, type FunctionSpec } from "ebpf-ts/spec";
import { jsonText } from "../output/json.ts";
import { printable } from "../output/text.ts";

export interface InspectOptions {
  readonly json?: boolean;
  readonly disasm?: boolean;
}

/** `ebpf inspect`: what an object says, without loading it. */
export async function inspect(object: string, options: InspectOptions): Promise<void> {
  const spec = parse(await readObject(object));
  if (options.json === true) {
    console.log(jsonText(spec, 2));
  } else if (options.disasm === true) {
    for (const fn of [...spec.programs, ...spec.functions]) printCode(fn);
  } else {
    printSummary(spec);
  }
}

function printSummary(spec: CollectionSpec): void {
  console.log(`Licence    ${printable(spec.license) || "none: helpers for GPL-compatible programs are refused"}`);
  console.log(`Types      ${spec.btf === undefined ? "none: compile with -g" : `${spec.btf.length - 1} in BTF`}`);
  section("Programs", ["name", "section", "instructions"], spec.programs.map(programRow));
  section("Subprograms", ["name", "section", "instructions"], spec.functions.map(programRow));
  section(
    "Maps",
    ["name", "type", "key", "value", "entries"],
    spec.maps.filter(isNamed).map((map) => mapRow(spec, map)),
  );
  section(
    "Event types",
    ["ring", "type", "bytes"],
    spec.maps.filter((map) => map.recordType !== 0).map((map) => recordRow(spec, map)),
  );
  section(
    "Globals",
    ["name", "type", "bytes", "section"],
    spec.variables.map((each) => [each.name, typeName(spec, each.type), each.size, each.section]),
  );
}

/** Maps that hold global data are shown by their variables. */
function isNamed(map: MapSpec): boolean {
  return map.section === undefined;
}

function programRow(fn: ProgramSpec | FunctionSpec): Cell[] {
  return [fn.name, fn.section, fn.instructions.length];
}

function mapRow(spec: CollectionSpec, map: MapSpec): Cell[] {
  return [
    map.name,
    mapTypeName(map.type),
    described(spec, map.keyType, map.keySize),
    described(spec, map.valueType, map.valueSize),
    map.maxEntries,
  ];
}

function recordRow(spec: CollectionSpec, map: MapSpec): Cell[] {
  return [map.name, typeName(spec, map.recordType), spec.btf?.sizeOf(map.recordType) ?? 0];
}

function described(spec: CollectionSpec, type: number, size: number): string {
  if (size === 0) return "";
  return type === 0 ? `${size} bytes` : typeName(spec, type);
}

function typeName(spec: CollectionSpec, type: number): string {
  return type === 0 || spec.btf === undefined ? "" : spec.btf.nameOf(type);
}

type Cell = string | number;

/** A titled table without lines, so that it can be cut and grepped. */
function section(title: string, heads: readonly string[], rows: readonly Cell[][]): void {
  if (rows.length === 0) return;
  const table = new Table({
    head: heads.map((head) => head.toUpperCase()),
    chars: Object.fromEntries(borders.map((border) => [border, ""])),
    style: { head: [], border: [], "padding-left": 2, "padding-right": 0, compact: true },
  });
  for (const row of rows) table.push(row.map((cell) => printable(String(cell))));
  console.log(`\n${title}\n${table.toString().replace(/ +$/gm, "")}`);
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

function printCode(fn: FunctionSpec): void {
  console.log(`\n${printable(`${fn.name} (${fn.section})`)}:`);
  for (const { slot, text, source } of disassembleFunction(fn)) {
    if (source !== undefined) console.log(printable(sourceLine(source)));
    console.log(`${String(slot).padStart(6)}: ${printable(text)}`);
  }
}

function sourceLine({ file, line, text }: LineInfo): string {
  return `; ${text.trim()} @ ${file.split("/").at(-1)}:${line}`;
}
