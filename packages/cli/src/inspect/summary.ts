import type { CollectionSpec, MapSpec, ProgramSpec, VariableSpec } from "ebpf-ts";
import { mapTypeName, type FunctionSpec } from "ebpf-ts/spec";
import { printTable, type Cell } from "../output/table.ts";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";

/** What an object holds, in tables. */
export function printSummary(spec: CollectionSpec): void {
  printLine(`Licence    ${printable(spec.license) || "none: helpers for GPL-compatible programs are refused"}`);
  printLine(`Types      ${spec.btf === undefined ? "none: compile with -g" : `${spec.btf.length - 1} in BTF`}`);
  for (const finding of spec.findings ?? []) printLine(`Left out   ${printable(finding)}`);
  printTable("Programs", ["name", "section", "instructions"], spec.programs.map(programRow));
  printTable("Subprograms", ["name", "section", "instructions"], spec.functions.map(programRow));
  printTable(
    "Maps",
    ["name", "type", "key", "value", "entries"],
    spec.maps.filter(isNamed).map((map) => mapRow(spec, map)),
  );
  printTable(
    "Event types",
    ["ring", "type", "bytes", "why"],
    spec.maps.filter((map) => map.recordReason !== undefined).map((map) => recordRow(spec, map)),
  );
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
  const why = map.recordReason ?? "";
  if (map.recordType === 0) return [map.name, "bytes", "", why];
  return [map.name, typeName(spec, map.recordType), spec.btf?.sizeOf(map.recordType) ?? 0, why];
}

function described(spec: CollectionSpec, type: number, size: number): string {
  if (size === 0) return "";
  return type === 0 ? `${size} bytes` : typeName(spec, type);
}

function typeName(spec: CollectionSpec, type: number): string {
  return type === 0 || spec.btf === undefined ? "" : spec.btf.nameOf(type);
}
