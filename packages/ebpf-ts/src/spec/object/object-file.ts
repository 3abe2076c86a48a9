import { parseBtfInPlace } from "../../btf/parse-btf.ts";
import { type BtfExt, parseBtfExt } from "../../btf/parse-btf-ext.ts";
import type { Btf, BtfDataSection } from "../../btf/types.ts";
import { mendBtf } from "../../btf/validate-btf.ts";
import { parseElf } from "../../elf/parse-elf.ts";
import type { ElfFile, ElfSection, ElfSymbol } from "../../elf/elf-file.ts";
import { EbpfError } from "../../base/errors.ts";
import { fixDataSections } from "./fix-data-sections.ts";
import { SectionFlag, SectionType } from "../../elf/section-types.ts";

/** The two tables of an object file that everything else is read from. */
export interface ObjectFile {
  readonly elf: ElfFile;
  readonly btf: Btf | undefined;
  readonly ext: BtfExt | undefined;
  /** The data sections that BTF describes, by name. */
  readonly dataSections: ReadonlyMap<string, BtfDataSection>;
  /** What is wrong with the types, and is left out. */
  readonly findings: readonly string[];
  symbolsIn(section: ElfSection): readonly ElfSymbol[];
}

export function openObject(bytes: Uint8Array): ObjectFile {
  const elf = parseElf(bytes);
  const symbols = groupSymbols(elf);
  const symbolsIn = (section: ElfSection): readonly ElfSymbol[] => symbols.get(section.index) ?? [];
  return { elf, ...readTypes(elf), symbolsIn };
}

type Types = Pick<ObjectFile, "btf" | "ext" | "dataSections" | "findings">;

/** BTF that cannot be read is no reason to refuse an object that does not need it, as in libbpf. */
function readTypes(elf: ElfFile): Types {
  const section = findSection(elf, ".BTF");
  if (section === undefined) return withoutTypes([]);
  try {
    const btf = parseBtfInPlace(fixDataSections(section.data, elf));
    const findings = mendBtf(btf).map(({ message }) => message);
    const ext = findSection(elf, ".BTF.ext");
    return {
      btf,
      ext:
        ext === undefined
          ? undefined
          : parseBtfExt(ext.data, btf, ({ message }) => findings.push(`${message}; it is left out`)),
      dataSections: readDataSections(btf),
      findings,
    };
  } catch (error) {
    if (!(error instanceof EbpfError) || error.code === "TOO_BIG" || needsTypes(elf)) throw error;
    return withoutTypes([`${error.message}; the object is read without types`]);
  }
}

function withoutTypes(findings: readonly string[]): Types {
  return { btf: undefined, ext: undefined, dataSections: new Map(), findings };
}

/** Maps are described in BTF alone, and CO-RE relocations may stand in `.BTF.ext`. */
function needsTypes(elf: ElfFile): boolean {
  const names = new Set([".maps", ".BTF.ext"]);
  return elf.sections.some(({ name, size }) => size > 0 && names.has(name));
}

/** In one pass: `find` goes through the whole table each time. */
function readDataSections(btf: Btf): Map<string, BtfDataSection> {
  const sections = new Map<string, BtfDataSection>();
  for (let id = 1; id < btf.length; id++) {
    const type = btf.type(id);
    if (type.kind === "datasec" && !sections.has(type.name)) sections.set(type.name, type);
  }
  return sections;
}

function groupSymbols(elf: ElfFile): Map<number, ElfSymbol[]> {
  const groups = new Map<number, ElfSymbol[]>();
  for (const symbol of elf.symbols) {
    const group = groups.get(symbol.sectionIndex);
    if (group === undefined) groups.set(symbol.sectionIndex, [symbol]);
    else group.push(symbol);
  }
  return groups;
}

export function findSection(elf: ElfFile, name: string): ElfSection | undefined {
  return elf.sections.find((section) => section.name === name && section.type !== 0);
}

export function isCode(section: ElfSection): boolean {
  return section.type === SectionType.PROGBITS && (section.flags & SectionFlag.EXECINSTR) !== 0 && section.size > 0;
}

/** Errors about the object itself. */
export function badObject(message: string): EbpfError {
  return new EbpfError("BAD_OBJECT", message);
}
