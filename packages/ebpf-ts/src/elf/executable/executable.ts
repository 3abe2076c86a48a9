import { EbpfError } from "../../base/errors.ts";
import { ByteView } from "../../bytes/byte-view.ts";
import type { PartialFile } from "./partial-file.ts";

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PF_X = 1;
const SHT_NOBITS = 8;
/** The largest table that is read: a browser's, with all debug symbols, has less. */
const MAX_TABLE = 512 * 2 ** 20;

export interface ExecutableSection {
  /** SHT_* */
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  /** Bytes in the file. */
  readonly size: number;
  /** Number of the section that belongs to it. */
  readonly link: number;
  /** Where its name stands among the names of sections. */
  readonly nameAt: number;
}

/** A part of the file that is loaded into memory. */
export interface Segment {
  readonly address: number;
  readonly offset: number;
  /** Bytes in the file. */
  readonly size: number;
  /** Mapped as code. */
  readonly executable: boolean;
}

/**
 * An ELF64 executable or shared library (System V ABI, chapters 4 and 5), read in pieces. Throws BAD_OBJECT for another kind of file, and
 * for one that is broken.
 */
export class Executable {
  /** EM_* */
  readonly machine: number;
  /** Loaded anywhere, as shared libraries are: addresses count from where it begins. */
  readonly relocatable: boolean;
  readonly sections: readonly ExecutableSection[];
  readonly segments: readonly Segment[];
  readonly #file: PartialFile;
  readonly #namesAt: number;

  constructor(file: PartialFile) {
    const header = new ByteView(file.read(0, HEADER_SIZE), "The executable", "BAD_OBJECT");
    checkHeader(header);
    this.#file = file;
    this.machine = header.u16(18);
    this.relocatable = header.u16(16) === ET_DYN;
    this.sections = this.#readSections(header);
    this.segments = this.#readSegments(header);
    this.#namesAt = header.u16(0x3e);
  }

  /** The first section of a name that fits. */
  sectionNamed(fits: (name: string) => boolean): ExecutableSection | undefined {
    const table = this.sections[this.#namesAt];
    if (this.#namesAt === 0 || table === undefined) return undefined;
    const names = this.contents(table, "the names of its sections");
    return this.sections.find(({ nameAt }) => nameAt < names.length && fits(names.cString(nameAt)));
  }

  /** `what` names it in errors: "a symbol table". */
  contents({ offset, size }: ExecutableSection, what: string): ByteView {
    return this.#part(offset, size, what);
  }

  /** Where in the file that lies which is loaded as code at an address; undefined where none is. */
  codeOffset(address: number): number | undefined {
    return offsetIn(
      this.segments.filter(({ executable }) => executable),
      address,
    );
  }

  /** The same of data. */
  dataOffset(address: number): number | undefined {
    return offsetIn(
      this.segments.filter(({ executable }) => !executable),
      address,
    );
  }

  #readSections(header: ByteView): ExecutableSection[] {
    const count = header.u16(0x3c);
    if (count === 0) return [];
    if (header.u16(0x3a) !== SECTION_HEADER_SIZE)
      throw badExecutable("The executable is broken: its section headers have not 64 bytes");
    const view = this.#part(header.u64Number(0x28), count * SECTION_HEADER_SIZE, "its section headers");
    return Array.from({ length: count }, (_, index) => {
      const at = index * SECTION_HEADER_SIZE;
      const type = view.u32(at + 4);
      return {
        type,
        nameAt: view.u32(at),
        // Of another program, and nobody's address: debug information may have any.
        address: Number(view.u64(at + 16)),
        offset: view.u64Number(at + 24),
        size: type === SHT_NOBITS ? 0 : view.u64Number(at + 32),
        link: view.u32(at + 40),
      };
    });
  }

  #readSegments(header: ByteView): Segment[] {
    const count = header.u16(0x38);
    if (count > 0 && header.u16(0x36) !== PROGRAM_HEADER_SIZE)
      throw badExecutable("The executable is broken: its program headers have not 56 bytes");
    const view = this.#part(header.u64Number(0x20), count * PROGRAM_HEADER_SIZE, "its program headers");
    const segments: Segment[] = [];
    for (let at = 0; at < view.length; at += PROGRAM_HEADER_SIZE) {
      if (view.u32(at) !== PT_LOAD) continue;
      segments.push({
        executable: (view.u32(at + 4) & PF_X) !== 0,
        offset: view.u64Number(at + 8),
        address: view.u64Number(at + 16),
        size: view.u64Number(at + 32),
      });
    }
    return segments;
  }

  #part(offset: number, length: number, what: string): ByteView {
    const { size } = this.#file;
    if (offset + length > size)
      throw badExecutable(`The executable is truncated: ${what} lie beyond its ${size} bytes`);
    if (length > MAX_TABLE) throw badExecutable(`The executable is too large: ${what} have ${length} bytes`);
    const bytes = this.#file.read(offset, length);
    if (bytes.length !== length) throw badExecutable("The executable changed while it was read");
    return new ByteView(bytes, "The executable", "BAD_OBJECT");
  }
}

function checkHeader(header: ByteView): void {
  const isElf = header.length === HEADER_SIZE && header.u32(0) === 0x464c457f;
  if (!isElf)
    throw badExecutable(
      "The executable is not an ELF file: name the binary itself rather than a script that starts it",
    );
  if (header.u8(4) !== 2 || header.u8(5) !== 1)
    throw badExecutable("The executable has not 64 bits, or is big-endian: probes need ELF64, little-endian");
  const type = header.u16(16);
  if (type !== ET_EXEC && type !== ET_DYN)
    throw badExecutable("The ELF file is neither an executable nor a shared library");
}

function offsetIn(segments: readonly Segment[], address: number): number | undefined {
  const segment = segments.find((each) => address >= each.address && address - each.address < each.size);
  return segment === undefined ? undefined : address - segment.address + segment.offset;
}

export function badExecutable(message: string): EbpfError {
  return new EbpfError("BAD_OBJECT", message);
}
