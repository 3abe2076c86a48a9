import { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";

/** A file that is read in pieces: executables may be far larger than what is asked of them. */
export interface PartialFile {
  readonly size: number;
  /** `length` bytes from `offset`; fewer where the file ends. */
  read(offset: number, length: number): Uint8Array;
}

/** A function of an executable or shared library. */
export interface ExecutableSymbol {
  readonly name: string;
  /** Where the first instruction stands in the file. */
  readonly offset: number;
  /** Bytes of code; 0 when the file does not say. */
  readonly size: number;
}

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PF_X = 1;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;
const STB_LOCAL = 0;
/** The largest symbol table that is read: a browser's, with all debug symbols, has less. */
const MAX_TABLE = 512 * 2 ** 20;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

interface Segment {
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

interface Candidate {
  readonly address: number;
  readonly size: number;
  readonly local: boolean;
}

/**
 * Finds a function in an ELF64 executable or shared library (System V ABI, chapters 4 and 5), in `.symtab` and `.dynsym`.
 * Throws BAD_OBJECT for another kind of file, and NOT_FOUND when there is no such function, or several of that name.
 */
export function findExecutableSymbol(file: PartialFile, name: string): ExecutableSymbol {
  const header = new ByteView(file.read(0, HEADER_SIZE), "The executable", "BAD_OBJECT");
  checkHeader(header);
  const sections = readSections(file, header);
  const tables = sections.filter(({ type }) => type === SHT_SYMTAB || type === SHT_DYNSYM);
  const found = tables.flatMap((table) => findInTable(file, table, sections[table.link], name));
  const { address, size } = choose(found, name, tables.length > 0);
  return { name, offset: fileOffset(readSegments(file, header), address, name), size };
}

function checkHeader(header: ByteView): void {
  const isElf = header.length === HEADER_SIZE && header.u32(0) === 0x464c457f;
  if (!isElf)
    throw bad("The executable is not an ELF file: name the binary itself rather than a script that starts it");
  if (header.u8(4) !== 2 || header.u8(5) !== 1)
    throw bad("The executable has not 64 bits, or is big-endian: probes need ELF64, little-endian");
  const type = header.u16(16);
  if (type !== ET_EXEC && type !== ET_DYN) throw bad("The ELF file is neither an executable nor a shared library");
}

function readSections(file: PartialFile, header: ByteView): Section[] {
  const count = header.u16(0x3c);
  if (count === 0) return [];
  if (header.u16(0x3a) !== SECTION_HEADER_SIZE)
    throw bad("The executable is broken: its section headers have not 64 bytes");
  const view = part(file, header.u64Number(0x28), count * SECTION_HEADER_SIZE, "its section headers");
  return Array.from({ length: count }, (_, index) => {
    const at = index * SECTION_HEADER_SIZE;
    return {
      type: view.u32(at + 4),
      offset: view.u64Number(at + 24),
      size: view.u64Number(at + 32),
      link: view.u32(at + 40),
    };
  });
}

/** What is mapped as code. */
function readSegments(file: PartialFile, header: ByteView): Segment[] {
  const count = header.u16(0x38);
  if (count > 0 && header.u16(0x36) !== PROGRAM_HEADER_SIZE)
    throw bad("The executable is broken: its program headers have not 56 bytes");
  const view = part(file, header.u64Number(0x20), count * PROGRAM_HEADER_SIZE, "its program headers");
  const segments: Segment[] = [];
  for (let at = 0; at < view.length; at += PROGRAM_HEADER_SIZE) {
    if (view.u32(at) !== PT_LOAD || (view.u32(at + 4) & PF_X) === 0) continue;
    segments.push({ offset: view.u64Number(at + 8), address: view.u64Number(at + 16), size: view.u64Number(at + 32) });
  }
  return segments;
}

function findInTable(file: PartialFile, table: Section, strings: Section | undefined, name: string): Candidate[] {
  if (strings?.type !== SHT_STRTAB) throw bad("The executable is broken: a symbol table has no string table");
  if (table.size % SYMBOL_SIZE !== 0)
    throw bad("The executable is broken: the size of a symbol table is not a multiple of 24");
  const wanted = nameOffsets(part(file, strings.offset, strings.size, "a string table"), name);
  if (wanted.size === 0) return [];
  const view = part(file, table.offset, table.size, "a symbol table");
  const found: Candidate[] = [];
  for (let at = 0; at < table.size; at += SYMBOL_SIZE) {
    if (!wanted.has(view.u32(at))) continue;
    const info = view.u8(at + 4);
    const isDefined = view.u16(at + 6) !== 0;
    if ((info & 0xf) !== STT_FUNC || !isDefined) continue;
    found.push({ address: view.u64Number(at + 8), size: view.u64Number(at + 16), local: info >> 4 === STB_LOCAL });
  }
  return found;
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

/** A global function wins over local ones of its name; both tables may have it. */
function choose(found: readonly Candidate[], name: string, hasSymbols: boolean): Candidate {
  const global = found.filter(({ local }) => !local);
  const best = global.length > 0 ? global : found;
  const [first] = best;
  if (first === undefined) {
    const why = hasSymbols ? `it has no function ${name}` : "it has no symbols, it was stripped";
    throw new EbpfError("NOT_FOUND", `Cannot find function ${name} in the executable: ${why}, give its offset`);
  }
  if (best.some(({ address }) => address !== first.address)) {
    const all = [...new Set(best.map(({ address }) => `0x${address.toString(16)}`))].join(", ");
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot tell which function ${name} of the executable is meant (at ${all}): give its offset`,
    );
  }
  return first;
}

function fileOffset(segments: readonly Segment[], address: number, name: string): number {
  const segment = segments.find(
    (candidate) => address >= candidate.address && address - candidate.address < candidate.size,
  );
  if (segment === undefined) {
    throw bad(
      `The executable is broken: function ${name} lies at address 0x${address.toString(16)}, where no code is loaded`,
    );
  }
  return address - segment.address + segment.offset;
}

function part(file: PartialFile, offset: number, length: number, what: string): ByteView {
  if (offset + length > file.size) throw bad(`The executable is truncated: ${what} lie beyond its ${file.size} bytes`);
  if (length > MAX_TABLE) throw bad(`The executable is too large: ${what} have ${length} bytes`);
  const bytes = file.read(offset, length);
  if (bytes.length !== length) throw bad(`The executable changed while it was read`);
  return new ByteView(bytes, "The executable", "BAD_OBJECT");
}

function bad(message: string): EbpfError {
  return new EbpfError("BAD_OBJECT", message);
}
