import type { ElfSection } from "../../elf/elf-file.ts";
import { EbpfError, NotSupportedError } from "../../base/errors.ts";
import { MapFlag } from "../../uapi/uapi.gen.ts";
import { mostZeros } from "../limits.ts";
import { dataMapSpec } from "./data-map-spec.ts";
import { badObject } from "./object-file.ts";
import type { ObjectFile } from "./object-file.ts";
import type { MapSpec } from "../types.ts";
import { SectionType } from "../../elf/section-types.ts";

/** A section of global variables, as the map that it becomes. */
export interface DataMap {
  readonly spec: MapSpec;
  readonly section: ElfSection;
  /** BTF type id of the section's variables; 0 when it has none. */
  readonly variablesType: number;
  /** Throws when the function `user` cannot use that byte of the section. */
  checkUse(user: string, name: string, offset: number): void;
}

/** `.data`, `.rodata`, `.bss` and those with a suffix: each is an array map of one element. */
export function readDataMaps(object: ObjectFile): DataMap[] {
  const sections = object.elf.sections.filter(isData);
  checkSections(sections);
  return sections.map((section) => {
    const spec = dataMap(object, section);
    const pointers = object.elf.relocations.get(section.index) ?? [];
    const pointedName = object.elf.symbols[pointers[0]?.symbol ?? 0]?.name;
    return {
      spec,
      section,
      variablesType: spec.valueType,
      checkUse(user, name, offset): void {
        if (pointers.length > 0) throw pointersInData(section, user, pointedName);
        if (offset < 0 || offset > section.size)
          throw badObject(
            `${user} uses byte ${offset} of ${name}, outside the ${section.size} bytes of section ${section.name}`,
          );
      },
    };
  });
}

function isData(section: ElfSection): boolean {
  if (section.size === 0) return false;
  if (section.type === SectionType.NOBITS) return isNamed(section, ".bss");
  return (
    section.type === SectionType.PROGBITS &&
    (section.flags & 4) === 0 &&
    (isNamed(section, ".data") || isNamed(section, ".rodata"))
  );
}

function isNamed(section: ElfSection, name: string): boolean {
  return section.name === name || section.name.startsWith(`${name}.`);
}

function checkSections(sections: readonly ElfSection[]): void {
  const names = new Set<string>();
  let zeros = 0;
  for (const section of sections) {
    if (names.has(section.name))
      throw badObject(`The object has two sections named ${section.name}: give one of them another name`);
    names.add(section.name);
    zeros += section.type === SectionType.NOBITS ? section.size : 0;
  }
  if (zeros > mostZeros)
    throw new EbpfError(
      "TOO_BIG",
      `The object has ${zeros} bytes of zeroed variables, and at most ${mostZeros} are supported: use a map`,
    );
}

function dataMap(object: ObjectFile, section: ElfSection): MapSpec {
  const readOnly = isNamed(section, ".rodata");
  return dataMapSpec({
    section: section.name,
    flags: (readOnly ? MapFlag.RDONLY_PROG : 0) | (isPrivate(object, section) ? 0 : MapFlag.MMAPABLE),
    valueType: object.dataSections.get(section.name)?.id ?? 0,
    contents: section.type === SectionType.NOBITS ? new Uint8Array(section.size) : new Uint8Array(section.data),
    readOnly,
  });
}

/**
 * True when all variables are hidden ones. That is how C keeps spin locks, lists and trees from user space, and the
 * kernel refuses them in memory that can be mapped.
 */
function isPrivate(object: ObjectFile, section: ElfSection): boolean {
  const symbols = object.symbolsIn(section).filter((symbol) => symbol.type === "object");
  return (
    symbols.length > 0 && symbols.every((symbol) => symbol.visibility === "hidden" || symbol.visibility === "internal")
  );
}

function pointersInData(section: ElfSection, user: string, pointed: string | undefined): Error {
  const what = pointed ? `the address of ${pointed}` : "addresses";
  return new NotSupportedError(
    "pointers in global data",
    `${user} uses section ${section.name}, which holds ${what}, and a map cannot hold addresses: replace the table by a switch`,
  );
}
