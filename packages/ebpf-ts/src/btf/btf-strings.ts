import { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";

/**
 * The string section: NUL-terminated texts, named by their offset. With split BTF the offsets go on where the base's
 * end. A broken table could have thousands of offsets point into one huge text, so the sum of all texts is bounded.
 */
export class BtfStrings {
  /** One more than the largest offset. */
  readonly end: number;
  readonly #base: BtfStrings | undefined;
  readonly #start: number;
  readonly #bytes: Uint8Array;
  readonly #view: ByteView;
  readonly #texts = new Map<number, string>();
  #budget: number;

  constructor(bytes: Uint8Array, base: BtfStrings | undefined) {
    this.#base = base;
    this.#start = base?.end ?? 0;
    this.end = this.#start + bytes.length;
    this.#bytes = bytes;
    this.#view = new ByteView(bytes, "BTF string section", "BAD_BTF");
    // An honest table holds each text once; writers that share suffixes need a little more.
    this.#budget = 4 * bytes.length + 65536;
  }

  text(offset: number): string {
    if (offset < this.#start) return this.#base!.text(offset);
    const known = this.#texts.get(offset);
    if (known !== undefined) return known;
    const text = this.#view.cString(offset - this.#start);
    this.#budget -= text.length;
    if (this.#budget < 0)
      throw new EbpfError("BAD_BTF", "BTF is broken: its names overlap and are longer than its string section");
    this.#texts.set(offset, text);
    return text;
  }

  /** Whether the text at `offset` is `name`, or, with `flavors`, `name` and a `___suffix`. Decodes nothing. */
  matches(offset: number, name: Uint8Array, flavors: boolean): boolean {
    if (offset < this.#start) return this.#base!.matches(offset, name, flavors);
    const bytes = this.#bytes;
    let at = offset - this.#start;
    for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
    at += name.length;
    if (bytes[at] === 0) return true;
    return (
      flavors && bytes[at] === 0x5f && bytes[at + 1] === 0x5f && bytes[at + 2] === 0x5f && (bytes[at + 3] ?? 0) !== 0
    );
  }
}
