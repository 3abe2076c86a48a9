import { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";

/**
 * Names of a string table by offset. Linkers let names share their ends, so that together they may be longer than the
 * table; a file that goes far beyond that wants to exhaust memory.
 */
export class ElfStrings {
  readonly #view: ByteView;
  readonly #names = new Map<number, string>();
  #budget: number;

  constructor(bytes: Uint8Array, what: string) {
    this.#view = new ByteView(bytes, what, "BAD_OBJECT");
    this.#budget = 8 * bytes.length + 65_536;
  }

  at(offset: number): string {
    const known = this.#names.get(offset);
    if (known !== undefined) return known;
    const name = this.#view.cString(offset);
    this.#budget -= name.length;
    if (this.#budget < 0) throw new EbpfError("BAD_OBJECT", "The ELF file is broken: its names overlap");
    this.#names.set(offset, name);
    return name;
  }
}
