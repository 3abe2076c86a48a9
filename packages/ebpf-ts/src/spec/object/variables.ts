import { hasValue } from "../../btf/layout.ts";
import type { DataMap } from "./data-maps.ts";
import { badObject } from "./object-file.ts";
import type { ObjectFile } from "./object-file.ts";
import { isRecordAnchor } from "./record-type.ts";
import type { VariableSpec } from "../types.ts";

/** The global variables of all data sections, and of an arena: from BTF, or, without it, from ELF symbols. */
export function readVariables(object: ObjectFile, dataMaps: readonly DataMap[]): VariableSpec[] {
  return dataMaps.flatMap((map) => (map.variablesType === 0 ? fromSymbols(object, map) : fromTypes(object, map)));
}

function fromTypes({ btf }: ObjectFile, { spec, section, variablesType }: DataMap): VariableSpec[] {
  const type = btf?.type(variablesType);
  if (btf === undefined || type?.kind !== "datasec") return [];
  return type.variables.flatMap((entry) => {
    const variable = btf.type(entry.type);
    if (variable.kind !== "var" || isRecordAnchor(variable.name)) return [];
    if (entry.offset + entry.size > section.size) throw outside(variable.name, section.name);
    return [
      {
        name: variable.name,
        section: spec.name,
        offset: entry.offset,
        size: entry.size,
        type: hasValue(btf, variable.type) ? variable.type : 0,
        readOnly: spec.readOnly,
      },
    ];
  });
}

function fromSymbols(object: ObjectFile, { spec, section }: DataMap): VariableSpec[] {
  return object
    .symbolsIn(section)
    .filter((symbol) => symbol.type === "object" && symbol.name !== "")
    .map((symbol) => {
      if (symbol.value + symbol.size > section.size) throw outside(symbol.name, section.name);
      return {
        name: symbol.name,
        section: spec.name,
        offset: symbol.value,
        size: symbol.size,
        type: 0,
        readOnly: spec.readOnly,
      };
    })
    .sort((a, b) => a.offset - b.offset);
}

function outside(name: string, section: string): Error {
  return badObject(`Variable ${name} lies outside of its section ${section}`);
}
