import type { Dwarf } from "../../dwarf/index.ts";
import { EbpfError } from "../../base/errors.ts";
import type { ElfFile } from "../../elf/elf-file.ts";
import type { FunctionPlace } from "../records/function-place.ts";

/** Makes what tells the types and variables of an object. */
export type DebugReader = (elf: ElfFile) => Dwarf;

/**
 * The debug information that an object carries (DWARF). It is read when something is asked that only it can tell, by a reader that is handed
 * in: it is a tenth of the library, and most objects are loaded without it.
 *
 * @opaque
 */
export class DebugInfo {
  /** Where the functions stood in the file, by name. */
  readonly places: ReadonlyMap<string, FunctionPlace>;
  readonly #elf: ElfFile;
  #reader: DebugReader | undefined;
  #dwarf: Dwarf | undefined;
  #trouble: string | undefined;

  constructor(elf: ElfFile, places: ReadonlyMap<string, FunctionPlace>) {
    this.#elf = elf;
    this.places = places;
  }

  /** Why it cannot be used, once it was tried. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Comes before all who ask: `read-debug.ts`. */
  readBy(reader: DebugReader): void {
    this.#reader ??= reader;
  }

  /** What `read` finds in it; undefined when it is broken, or tells too much: nothing that runs depends on it. */
  tryRead<T>(read: (dwarf: Dwarf) => T): T | undefined {
    if (this.#trouble !== undefined) return undefined;
    if (this.#reader === undefined) throw new Error("Debug information has no reader yet");
    try {
      return read((this.#dwarf ??= this.#reader(this.#elf)));
    } catch (error) {
      if (!(error instanceof EbpfError)) throw error;
      this.#trouble = `${error.message}; the object is read without it`;
      return undefined;
    }
  }
}

/** Undefined when the object has none: it was compiled without `-g`, or stripped. */
export function debugInfoOf(elf: ElfFile, places: ReadonlyMap<string, FunctionPlace>): DebugInfo | undefined {
  const isThere = elf.sections.some(({ name, size }) => name === ".debug_info" && size > 0);
  return isThere ? new DebugInfo(elf, places) : undefined;
}
