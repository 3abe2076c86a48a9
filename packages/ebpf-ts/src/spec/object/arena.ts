import { mapKind } from "../../kinds/map-kinds.ts";
import type { DataMap } from "./data-maps.ts";
import type { PlacedMap } from "./maps.ts";
import { badObject, findSection } from "./object-file.ts";
import type { ObjectFile } from "./object-file.ts";

/** Where clang puts variables of address space 1 (`__arena`). */
const sectionName = ".addr_space.1";

/** The variables that lie in the object's arena, from its beginning on, as libbpf has it; undefined where there are none. */
export function readArena(object: ObjectFile, maps: readonly PlacedMap[]): DataMap | undefined {
  const section = findSection(object.elf, sectionName);
  if (section === undefined || section.size === 0) return undefined;
  const arenas = maps.filter(({ spec }) => mapKind(spec.type).memory === "arena");
  const arena = arenas[0];
  if (arena === undefined || arenas.length > 1)
    throw badObject(
      `The object has variables in an arena (section ${sectionName}), and ${arenas.length} arenas, not one`,
    );
  arena.spec.contents = new Uint8Array(section.data);
  return {
    spec: arena.spec,
    section,
    variablesType: object.dataSections.get(sectionName)?.id ?? 0,
    checkUse(user, name, offset): void {
      if (offset >= 0 && offset <= section.size) return;
      throw badObject(`${user} uses byte ${offset} of ${name}, outside the ${section.size} bytes of ${sectionName}`);
    },
  };
}
