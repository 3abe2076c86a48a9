import { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";
import { checkElfHeader } from "./elf-header.ts";
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from "./elf-file.ts";
import { ElfStrings } from "./elf-strings.ts";
import { SectionFlag, SectionType } from "./section-types.ts";

const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 16;

/** Section numbers from here on have special meanings (SHN_LORESERVE). */
const FIRST_RESERVED_SECTION = 0xff00;

const BINDINGS = ["local", "global", "weak"] as const;
const VISIBILITIES = ["default", "internal", "hidden", "protected"] as const;
const SYMBOL_TYPES = ["none", "object", "function", "section", "file"] as const;

/** Reads an eBPF object file: ELF64, little-endian, relocatable, for EM_BPF. */
export function parseElf(bytes: Uint8Array): ElfFile {
  const file = new ByteView(bytes, "The ELF file", "BAD_OBJECT");
  checkElfHeader(file);
  const sections = readSections(file);
  const table = symbolTable(sections);
  const symbols = readSymbols(sections, table);
  return { sections, symbols, relocations: readRelocations(sections, table.index, symbols.length) };
}

function readSections(file: ByteView): ElfSection[] {
  const offset = file.u64Number(0x28);
  const count = file.u16(0x3c);
  const namesIndex = file.u16(0x3e);
  if (offset !== 0 && count === 0 && hasExtendedCount(file, offset))
    throw new EbpfError(
      "TOO_BIG",
      `The ELF file has more than ${FIRST_RESERVED_SECTION - 1} sections, which is not supported`,
    );
  if (count === 0 || offset === 0)
    throw bad("The ELF file has no sections: give an object file as clang -target bpf -c writes it");
  if (file.u16(0x3a) !== SECTION_HEADER_SIZE)
    throw bad(`The ELF file is broken: its section headers have ${file.u16(0x3a)} bytes rather than 64`);

  // Also the parts that are not read, so that a file that is cut off is always refused.
  file.bytes(offset, count * SECTION_HEADER_SIZE);
  const headers = Array.from({ length: count }, (_, index) =>
    readSectionHeader(file, offset + index * SECTION_HEADER_SIZE, index),
  );
  checkTotal(file, headers);
  const names = stringTable(headers, namesIndex, "The table of section names");
  const sections = headers.map(({ nameOffset, ...header }) => ({ ...header, name: names.at(nameOffset) }));
  for (const section of sections) checkCompression(section);
  return sections;
}

/** A number of sections that does not fit the header stands in the size of the first. */
function hasExtendedCount(file: ByteView, offset: number): boolean {
  return offset + SECTION_HEADER_SIZE <= file.length && file.u64Number(offset + 32) >= FIRST_RESERVED_SECTION;
}

/** Debug information may be compressed, and is not read here. */
function checkCompression({ name, flags }: ElfSection): void {
  if ((flags & SectionFlag.COMPRESSED) !== 0 && !/^(\.rel)?\.debug_/.test(name))
    throw bad(
      `Section ${name} is compressed, which eBPF objects are not: write it without (llvm-objcopy --decompress-debug-sections)`,
    );
}

interface SectionHeader extends Omit<ElfSection, "name"> {
  readonly nameOffset: number;
}

function readSectionHeader(file: ByteView, at: number, index: number): SectionHeader {
  const type = file.u32(at + 4);
  const size = type === 0 ? 0 : file.u64Number(at + 32);
  return {
    index,
    nameOffset: file.u32(at),
    type,
    // Only the low bits have a meaning here; the upper ones are for the operating system.
    flags: file.u32(at + 8),
    size,
    alignment: file.u64Number(at + 48),
    link: file.u32(at + 40),
    info: file.u32(at + 44),
    data: type === 0 || type === SectionType.NOBITS ? new Uint8Array(0) : file.bytes(file.u64Number(at + 24), size),
  };
}

/** Sections do not overlap in a real file, and if they did, a small file could claim endless work. */
function checkTotal(file: ByteView, headers: readonly SectionHeader[]): void {
  const total = headers.reduce((sum, header) => sum + header.data.length, 0);
  if (total > file.length) throw bad("The ELF file is broken: its sections overlap");
}

function stringTable(
  sections: readonly SectionHeader[] | readonly ElfSection[],
  index: number,
  what: string,
): ElfStrings {
  const section = sections[index];
  if (section === undefined || section.type !== SectionType.STRTAB)
    throw bad(`The ELF file is broken: section ${index} is no string table`);
  return new ElfStrings(section.data, what);
}

function symbolTable(sections: readonly ElfSection[]): ElfSection {
  const tables = sections.filter((section) => section.type === SectionType.SYMTAB);
  const [table] = tables;
  if (table === undefined)
    throw bad("The ELF file has no symbol table: it was stripped (llvm-strip -g keeps what is needed)");
  if (tables.length > 1) throw bad("The ELF file is broken: it has several symbol tables");
  return table;
}

function readSymbols(sections: readonly ElfSection[], table: ElfSection): ElfSymbol[] {
  if (table.size % SYMBOL_SIZE !== 0)
    throw bad("The ELF file is broken: the size of its symbol table is not a multiple of 24");
  const names = stringTable(sections, table.link, "The table of symbol names");
  const view = new ByteView(table.data, "The symbol table", "BAD_OBJECT");
  return Array.from({ length: table.size / SYMBOL_SIZE }, (_, index) => readSymbol(view, names, index, sections));
}

function readSymbol(view: ByteView, names: ElfStrings, index: number, sections: readonly ElfSection[]): ElfSymbol {
  const at = index * SYMBOL_SIZE;
  const info = view.u8(at + 4);
  const name = names.at(view.u32(at));
  const sectionIndex = view.u16(at + 6);
  if (sectionIndex >= sections.length && sectionIndex < FIRST_RESERVED_SECTION) {
    throw bad(`The ELF file is broken: symbol ${name || index} lies in section ${sectionIndex}, which does not exist`);
  }
  return {
    index,
    name,
    value: view.u64Number(at + 8),
    size: view.u64Number(at + 16),
    type: SYMBOL_TYPES[info & 0xf] ?? "other",
    binding: BINDINGS[info >> 4] ?? "other",
    visibility: VISIBILITIES[view.u8(at + 5) & 3] ?? "default",
    sectionIndex,
  };
}

function readRelocations(
  sections: readonly ElfSection[],
  tableIndex: number,
  symbolCount: number,
): Map<number, ElfRelocation[]> {
  const relocations = new Map<number, ElfRelocation[]>();
  for (const section of sections) {
    if (section.type === SectionType.RELA) {
      throw bad(
        `Section ${section.name} holds relocations of the kind RELA, which eBPF objects do not have: compile with clang -target bpf`,
      );
    }
    if (section.type !== SectionType.REL) continue;
    const target = sections[section.info];
    if (target === undefined || section.link !== tableIndex)
      throw bad(`The ELF file is broken: ${section.name} points to sections that do not exist`);
    const list = relocations.get(target.index) ?? [];
    relocations.set(target.index, list);
    readRelocationSection(section, target, symbolCount, list);
  }
  return relocations;
}

function readRelocationSection(
  section: ElfSection,
  target: ElfSection,
  symbolCount: number,
  list: ElfRelocation[],
): void {
  if (section.size % RELOCATION_SIZE !== 0)
    throw bad(`The ELF file is broken: the size of ${section.name} is not a multiple of 16`);
  const view = new ByteView(section.data, `Section ${section.name}`, "BAD_OBJECT");
  for (let at = 0; at < section.size; at += RELOCATION_SIZE) {
    const relocation = { offset: view.u64Number(at), type: view.u32(at + 8), symbol: view.u32(at + 12) };
    if (relocation.offset >= target.data.length) {
      throw bad(
        `The ELF file is broken: ${section.name} patches offset ${relocation.offset} of ${target.name}, which has ${target.data.length} bytes`,
      );
    }
    if (relocation.symbol >= symbolCount)
      throw bad(`The ELF file is broken: ${section.name} names symbol ${relocation.symbol}, which does not exist`);
    list.push(relocation);
  }
}

function bad(message: string): EbpfError {
  return new EbpfError("BAD_OBJECT", message);
}
