import type { Btf, BtfDataSection } from "../../btf/types.ts";
import type { ElfSection } from "../../elf/elf-file.ts";
import { readMapDefinition } from "./map-definition.ts";
import { badObject, findSection } from "./object-file.ts";
import type { ObjectFile } from "./object-file.ts";
import type { MapSpec } from "../types.ts";

/** A map of section `.maps`, and where its definition stands. */
export interface PlacedMap {
  readonly spec: MapSpec;
  readonly section: ElfSection;
  /** Bytes from the start of the section. */
  readonly offset: number;
  readonly size: number;
  /** Offset of `values` in the definition; undefined when it has none. */
  readonly valuesOffset: number | undefined;
}

/** The maps that the object defines: variables of section `.maps` whose types say what the map is. */
export function readMaps({ elf, btf, dataSections }: ObjectFile): PlacedMap[] {
  const section = findSection(elf, ".maps");
  if (section === undefined || section.size === 0) return [];
  if (btf === undefined)
    throw badObject("The object has maps but no BTF, which describes them: compile it with clang -g");
  const types = dataSections.get(".maps");
  if (types === undefined)
    throw badObject(
      "The object has maps, but its BTF does not describe them: compile it with clang -g, and strip it with llvm-strip -g only",
    );
  const maps = types.variables.map((variable) => readMap(btf, section, variable));
  checkNames(maps);
  return maps;
}

function readMap(btf: Btf, section: ElfSection, entry: BtfDataSection["variables"][number]): PlacedMap {
  const variable = btf.type(entry.type);
  if (variable.kind !== "var" || variable.name === "")
    throw badObject(`The BTF of section .maps is broken: type ${entry.type} is no variable with a name`);
  if (entry.offset + entry.size > section.size) throw badObject(`Map ${variable.name} lies outside of section .maps`);
  const definition = btf.resolve(variable.type);
  if (definition.kind !== "struct")
    throw badObject(
      `Map ${variable.name} is defined as ${btf.nameOf(variable.type)}, where a struct with __uint and __type fields belongs`,
    );
  const { map, valuesOffset } = readMapDefinition(btf, variable.name, definition);
  return { spec: map, section, offset: entry.offset, size: entry.size, valuesOffset };
}

function checkNames(maps: readonly PlacedMap[]): void {
  const names = new Set<string>();
  for (const { spec } of maps) {
    if (names.has(spec.name)) throw badObject(`The object has two maps named ${spec.name}`);
    names.add(spec.name);
  }
}
