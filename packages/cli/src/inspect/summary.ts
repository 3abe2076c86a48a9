import type { CollectionSpec, MapSpec, ProgramSpec, VariableSpec } from "ebpf-ts";
import {
  entryOf,
  mapKind,
  mapTypeName,
  recordOf,
  type FoundEntry,
  type FoundRecord,
  type FunctionSpec,
} from "ebpf-ts/spec";
import { printTable, type Cell } from "../output/table.ts";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";

/** What an object holds, in tables. */
export function printSummary(spec: CollectionSpec): void {
  const rings = spec.maps.filter(({ type }) => mapKind(type).ring !== undefined);
  // Before the findings: what is wrong with debug information shows when it is read.
  const records = rings.map((map) => [map, recordOf(spec, map)] as const);
  const entries = spec.maps.filter(isNamed).map((map) => [map, entryOf(spec, map)] as const);
  printLine(`Licence    ${printable(spec.license) || "none: helpers for GPL-compatible programs are refused"}`);
  printLine(`Types      ${spec.btf === undefined ? "none: compile with -g" : `${spec.btf.length - 1} in BTF`}`);
  for (const finding of spec.findings ?? []) printLine(`Left out   ${printable(finding)}`);
  printTable("Programs", ["name", "section", "instructions"], spec.programs.map(programRow));
  printTable("Subprograms", ["name", "section", "instructions"], spec.functions.map(programRow));
  printTable(
    "Maps",
    ["name", "type", "key", "value", "entries"],
    entries.map(([map, entry]) => mapRow(map, entry)),
  );
  printTable("Operations", ["map", "member", "program"], spec.maps.flatMap(memberRows));
  printTable("Entry types", ["map", "of", "type", "why"], entries.flatMap(entryRows));
  printTable(
    "Event types",
    ["ring", "type", "bytes", "why"],
    records.map(([map, record]) => recordRow(map, record)),
  );
  if (records.some(([, { variants }]) => variants.length === 0)) printLine(hint);
  printTable(
    "Globals",
    ["name", "type", "bytes", "section"],
    spec.variables.filter(isOwn).map((each) => [each.name, typeName(spec, each.type), each.size, each.section]),
  );
  printTable("Of the kernel", ["name", "type", "section", "if absent"], externRows(spec));
}

function isOwn({ extern }: VariableSpec): boolean {
  return extern === undefined;
}

/** Settings and symbols that the object's code refers to, each once. */
function externRows(spec: CollectionSpec): Cell[][] {
  const rows = new Map<string, Cell[]>();
  for (const { references } of [...spec.programs, ...spec.functions]) {
    for (const each of references) {
      if (each.kind !== "extern") continue;
      const type = each.type === 0 ? "" : typeName(spec, each.type);
      rows.set(each.name, [each.name, type, each.section, each.weak ? "0" : "refused"]);
    }
  }
  return [...rows.values()];
}

/** Maps that hold global data are shown by their variables. */
function isNamed(map: MapSpec): boolean {
  return map.section === undefined;
}

function programRow(fn: ProgramSpec | FunctionSpec): Cell[] {
  return [fn.name, fn.section, fn.instructions.length];
}

function mapRow(map: MapSpec, { btf, key, value }: FoundEntry): Cell[] {
  return [
    map.name,
    mapTypeName(map.type),
    described(btf, key.type, map.keySize),
    described(btf, value.type, map.valueSize),
    map.maxEntries,
  ];
}

/** Of struct_ops maps. */
function memberRows({ name, ops = [] }: MapSpec): Cell[][] {
  return ops.map(({ member, program }) => [name, member, program]);
}

/** Of what the map's definition gives the size alone. */
function entryRows([{ name }, { btf, key, value }]: readonly [MapSpec, FoundEntry]): Cell[][] {
  const parts = Object.entries({ keys: key, values: value });
  return parts
    .filter(([, { by }]) => by !== "definition" && by !== "kernel")
    .map(([of, { type, why }]) => [name, of, type === 0 ? "bytes" : btf!.nameOf(type), why]);
}

const hint =
  "Where a ring has bytes, --type ring=struct names what they are, and --header events.h brings the struct along";

function recordRow({ name }: MapSpec, { btf, variants, why }: FoundRecord): Cell[] {
  if (btf === undefined || variants.length === 0) return [name, "bytes", "", why];
  const types = variants.map(({ type }) => btf.nameOf(type)).join(" or ");
  const [first] = variants;
  const size =
    variants.length === 1 ? btf.sizeOf(first!.type) : variants.map(({ type }) => btf.sizeOf(type)).join(" or ");
  return [name, types, size, why];
}

function described(btf: FoundEntry["btf"], type: number, size: number): string {
  if (size === 0) return "";
  return btf === undefined || type === 0 ? `${size} bytes` : btf.nameOf(type);
}

function typeName(spec: CollectionSpec, type: number): string {
  return type === 0 || spec.btf === undefined ? "" : spec.btf.nameOf(type);
}
