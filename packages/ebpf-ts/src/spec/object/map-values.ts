import type { ElfRelocation, ElfSymbol } from "../../elf/elf-file.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import type { Code } from "./code.ts";
import type { PlacedMap } from "./maps.ts";
import { badObject } from "./object-file.ts";
import type { ObjectFile } from "./object-file.ts";

const POINTER_SIZE = 8;

/** Far more than any object has; it bounds what a broken file can ask for. */
const MOST_SLOTS = 1 << 20;

/** Fills in what `.values = { … }` puts in prog arrays and maps of maps: pointers, and so relocations of `.maps`. */
export function fillMapValues({ elf }: ObjectFile, code: Code, maps: readonly PlacedMap[]): void {
  const sorted = [...maps].sort((a, b) => a.offset - b.offset);
  const sectionIndex = maps[0]?.section.index;
  if (sectionIndex === undefined) return;
  const mapsByOffset = new Map(maps.map((map) => [map.offset, map]));
  for (const relocation of elf.relocations.get(sectionIndex) ?? []) {
    const map = mapAround(sorted, relocation.offset);
    if (map === undefined)
      throw badObject(`The relocation at offset ${relocation.offset} of section .maps belongs to no map`);
    const symbol = elf.symbols[relocation.symbol] as ElfSymbol;
    const name =
      mapKind(map.spec.type).value === "program" ? programName(code, map, symbol) : mapName(mapsByOffset, map, symbol);
    map.spec.slots.push({ index: slotIndex(map, relocation), name });
  }
  for (const map of maps) map.spec.slots.sort((a, b) => a.index - b.index);
}

function mapAround(sorted: readonly PlacedMap[], offset: number): PlacedMap | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as PlacedMap).offset <= offset) low = middle + 1;
    else high = middle;
  }
  const map = sorted[low - 1];
  return map !== undefined && offset + POINTER_SIZE <= map.offset + map.size ? map : undefined;
}

function slotIndex(map: PlacedMap, relocation: ElfRelocation): number {
  const offset = relocation.offset - map.offset - (map.valuesOffset ?? Number.NaN);
  const index = offset / POINTER_SIZE;
  if (!Number.isInteger(index) || index < 0 || index >= MOST_SLOTS)
    throw badObject(`Map ${map.spec.name} holds a pointer that is none of its values`);
  return index;
}

function programName(code: Code, map: PlacedMap, symbol: ElfSymbol): string {
  const target = code.at(symbol.sectionIndex, symbol.value / 8);
  if (target === undefined || !target.isProgram)
    throw badObject(
      `Map ${map.spec.name} holds ${symbol.name || "an address"}, which is no program: give the function a SEC() of its own`,
    );
  return target.spec.name;
}

function mapName(maps: ReadonlyMap<number, PlacedMap>, map: PlacedMap, symbol: ElfSymbol): string {
  const target = maps.get(symbol.value);
  if (target === undefined || target.section.index !== symbol.sectionIndex)
    throw badObject(`Map ${map.spec.name} holds ${symbol.name || "an address"}, which is no map of section .maps`);
  return target.spec.name;
}
