import type { ByteView } from "../../bytes/byte-view.ts";
import { badExecutable, type Executable, type ExecutableSection } from "./executable.ts";
import { symbolVersions, type SymbolVersion } from "./symbol-versions.ts";

const SYMBOL_SIZE = 24;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;
/** The code at its address chooses the function, when the program starts. */
const STT_GNU_IFUNC = 10;
const STB_LOCAL = 0;
const STB_WEAK = 2;

/** A function as a symbol table has it. */
export interface FunctionSymbol {
  /** Without a version. */
  readonly name: string;
  readonly version: SymbolVersion | undefined;
  readonly address: number;
  readonly size: number;
  /** Which of several of one name is meant: the lowest. Global 0, weak 1, local 2. */
  readonly rank: number;
  /** Its code is that of who chooses it. */
  readonly indirect: boolean;
}

/** What is left of the symbols: nothing, what others link to, or all. */
export function symbolsLeft(executable: Executable): "none" | "exported" | "all" {
  const tables = tablesOf(executable);
  if (tables.length === 0) return "none";
  return tables.some(({ type }) => type === SHT_SYMTAB) ? "all" : "exported";
}

/** The functions that are defined in `.symtab` and `.dynsym`: all, or those of a name. */
export function functionSymbols(executable: Executable, name?: string): FunctionSymbol[] {
  return tablesOf(executable).flatMap((table) => functionsIn(executable, table, name));
}

/** All their names, with versions where they have them behind; faster, and what is not ASCII is not told well. */
export function functionNames(executable: Executable): string[] {
  const names = new Set<string>();
  for (const table of tablesOf(executable)) {
    const view = executable.contents(table, "a symbol table");
    const strings = executable.contents(stringsOf(executable, table), "a string table");
    const text = new TextDecoder("latin1").decode(strings.bytes(0, strings.length));
    for (let at = 0; at + SYMBOL_SIZE <= table.size; at += SYMBOL_SIZE) {
      if ((view.u8(at + 4) & 0xf) !== STT_FUNC || view.u16(at + 6) === 0) continue;
      const nameAt = view.u32(at);
      names.add(text.slice(nameAt, Math.min(text.indexOf("\0", nameAt), nameAt + longestName)));
    }
  }
  return [...names];
}

/** Longer ones are nobody's to type. */
const longestName = 1024;

function stringsOf(executable: Executable, table: ExecutableSection): ExecutableSection {
  const texts = executable.sections[table.link];
  if (texts?.type === SHT_STRTAB) return texts;
  throw badExecutable("The executable is broken: a symbol table has no string table");
}

function tablesOf({ sections }: Executable): ExecutableSection[] {
  return sections.filter(({ type }) => type === SHT_SYMTAB || type === SHT_DYNSYM);
}

function functionsIn(executable: Executable, table: ExecutableSection, name: string | undefined): FunctionSymbol[] {
  const texts = stringsOf(executable, table);
  if (table.size % SYMBOL_SIZE !== 0)
    throw badExecutable("The executable is broken: the size of a symbol table is not a multiple of 24");
  const strings = executable.contents(texts, "a string table");
  const wanted = name === undefined ? undefined : nameOffsets(strings, name);
  if (wanted?.size === 0) return [];
  const view = executable.contents(table, "a symbol table");
  const versionOf = symbolVersions(executable, table);
  const found: FunctionSymbol[] = [];
  for (let at = 0; at < table.size; at += SYMBOL_SIZE) {
    const nameAt = view.u32(at);
    if (wanted !== undefined && !wanted.has(nameAt)) continue;
    const info = view.u8(at + 4);
    const type = info & 0xf;
    const isDefined = view.u16(at + 6) !== 0;
    if ((type !== STT_FUNC && type !== STT_GNU_IFUNC) || !isDefined) continue;
    found.push({
      ...nameOf(strings.cString(nameAt), () => versionOf(at / SYMBOL_SIZE)),
      address: view.u64Number(at + 8),
      size: view.u64Number(at + 16),
      rank: rankOf(info >> 4),
      indirect: type === STT_GNU_IFUNC,
    });
  }
  return found;
}

/** Tables for the linker have the version behind the name, those for the loader beside it. */
function nameOf(text: string, beside: () => SymbolVersion | undefined): Pick<FunctionSymbol, "name" | "version"> {
  const match = /^([^@]+)(@@?)(.*)$/.exec(text);
  if (match === null) return { name: text, version: beside() };
  const [, name = "", at, version = ""] = match;
  return { name, version: { version, isDefault: at === "@@" } };
}

function rankOf(binding: number): number {
  if (binding === STB_LOCAL) return 2;
  return binding === STB_WEAK ? 1 : 0;
}

/** Where the name stands in a string table, also as the end of a longer one, and with a version behind it (`name@@GLIBC_2.2.5`). */
function nameOffsets(strings: ByteView, name: string): Set<number> {
  const offsets = new Set<number>();
  const bytes = strings.bytes(0, strings.length);
  const text = new TextEncoder().encode(name);
  for (let at = bytes.indexOf(text[0]!); at >= 0; at = bytes.indexOf(text[0]!, at + 1)) {
    const end = bytes[at + text.length];
    if ((end === 0 || end === 0x40) && text.every((byte, i) => bytes[at + i] === byte)) offsets.add(at);
  }
  return offsets;
}
