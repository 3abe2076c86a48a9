import { Dwarf, hasDebugSections } from "../../dwarf/index.ts";
import { EbpfError } from "../../base/errors.ts";
import type { ElfFile } from "../../elf/elf-file.ts";
import type { FunctionPlace } from "./function-place.ts";

/**
 * The debug information that an object carries (DWARF). It is read when something is asked that only it can tell.
 *
 * @opaque
 */
export class DebugInfo {
  /** Where the functions stood in the file, by name. */
  readonly places: ReadonlyMap<string, FunctionPlace>;
  readonly #elf: ElfFile;
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

  /** What `read` finds in it; undefined when it is broken, or tells too much: nothing that runs depends on it. */
  tryRead<T>(read: (dwarf: Dwarf) => T): T | undefined {
    if (this.#trouble !== undefined) return undefined;
    try {
      return read((this.#dwarf ??= new Dwarf(this.#elf)));
    } catch (error) {
      if (!(error instanceof EbpfError)) throw error;
      this.#trouble = `${error.message}; the object is read without it`;
      return undefined;
    }
  }
}

/** Undefined when the object has none: it was compiled without `-g`, or stripped. */
export function debugInfoOf(elf: ElfFile, places: ReadonlyMap<string, FunctionPlace>): DebugInfo | undefined {
  return hasDebugSections(elf) ? new DebugInfo(elf, places) : undefined;
}
