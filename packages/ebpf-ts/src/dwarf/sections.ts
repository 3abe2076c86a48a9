import type { ElfFile, ElfSection } from "../elf/elf-file.ts";
import { SectionFlag } from "../elf/section-types.ts";
import { badDwarf, Budget } from "./budget.ts";
import { Cursor } from "./cursor.ts";

/**
 * A place in the code of an unlinked object: a section's index and an offset in it, in one number that can be compared. An address that
 * nothing relocates is in section 0.
 */
export type CodeAddress = number;

const sectionScale = 2 ** 32;

export function codeAddress(section: number, offset: number): CodeAddress {
  return section * sectionScale + offset;
}

/** A section of debug information, and which of its words are addresses of code. */
export interface DebugSection {
  readonly name: string;
  readonly data: Uint8Array;
  /** Index of the section that the address at an offset lies in, and what is to be added to it. */
  readonly addresses: ReadonlyMap<number, { readonly section: number; readonly addend: number }>;
}

const names = [
  "info",
  "abbrev",
  "str",
  "line_str",
  "str_offsets",
  "addr",
  "loclists",
  "rnglists",
  "loc",
  "ranges",
] as const;

export type DebugSections = Readonly<Record<(typeof names)[number], DebugSection>> & { readonly budget: Budget };

/** Sections that are not there are empty. Relocations are applied. */
export function readDebugSections(elf: ElfFile): DebugSections {
  const found = new Map(elf.sections.map((section) => [section.name, section]));
  const entries = names.map((name) => [name, debugSection(elf, found.get(`.debug_${name}`), `.debug_${name}`)]);
  const sections = Object.fromEntries(entries) as Record<(typeof names)[number], DebugSection>;
  const total = names.reduce((sum, name) => sum + sections[name].data.length, 0);
  return { ...sections, budget: new Budget(total) };
}

function debugSection(elf: ElfFile, section: ElfSection | undefined, name: string): DebugSection {
  if (section === undefined) return { name, data: new Uint8Array(0), addresses: new Map() };
  if ((section.flags & SectionFlag.COMPRESSED) !== 0) {
    throw badDwarf(`${name} is compressed: write it without (llvm-objcopy --decompress-debug-sections)`);
  }
  const addresses = new Map<number, { section: number; addend: number }>();
  let { data } = section;
  for (const { offset, symbol, type } of elf.relocations.get(section.index) ?? []) {
    const { value, sectionIndex } = elf.symbols[symbol]!;
    const target = elf.sections[sectionIndex];
    if (target !== undefined && (target.flags & SectionFlag.ALLOC) !== 0) {
      addresses.set(offset, { section: sectionIndex, addend: value });
    } else if (value !== 0) {
      // Another section of debug information: the symbol of a section is 0, so that this is seldom.
      if (data === section.data) data = data.slice();
      addTo(data, offset, type, value);
    }
  }
  return { name, data, addresses };
}

const wideRelocation = 2;

function addTo(data: Uint8Array, offset: number, type: number, value: number): void {
  const length = type === wideRelocation ? 8 : 4;
  if (offset + length > data.length) throw badDwarf("a relocation lies outside of its section");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  view.setUint32(offset, view.getUint32(offset, true) + value, true);
}

/** The address that stands at an offset. */
export function addressAt(section: DebugSection, offset: number): CodeAddress {
  const value = new Cursor(section.data, section.name, offset).u64();
  const relocation = section.addresses.get(offset);
  return relocation === undefined ? value : codeAddress(relocation.section, value + relocation.addend);
}
