import type { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";
import { essentialName } from "./core/relocation-kind.ts";
import { decodeType } from "./decode-type.ts";
import { kindNames, kindOf } from "./btf-kinds.ts";
import { resolveType, sizeOfType } from "./layout.ts";
import type { BtfStrings } from "./btf-strings.ts";
import { nameOfType } from "./type-name.ts";
import type { Btf, BtfKind, BtfType } from "./types.ts";

const voidType: BtfType = { kind: "void", id: 0 };

/** A table over raw BTF: knows where each record stands, decodes it when first asked for, and keeps it. */
export class BtfTable implements Btf {
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly strings: BtfStrings;
  readonly #base: BtfTable | undefined;
  readonly #firstId: number;
  readonly #types: ByteView;
  readonly #offsets: Uint32Array;
  readonly #decoded: (BtfType | undefined)[] = [];
  readonly #flavors = new Map<string, readonly BtfType[]>();
  readonly #text: (offset: number) => string;

  constructor(
    bytes: Uint8Array,
    types: ByteView,
    offsets: Uint32Array,
    strings: BtfStrings,
    base: BtfTable | undefined,
  ) {
    this.bytes = bytes;
    this.strings = strings;
    this.#base = base;
    this.#firstId = base?.length ?? 1;
    this.length = this.#firstId + offsets.length;
    this.#types = types;
    this.#offsets = offsets;
    this.#text = (offset) => strings.text(offset);
  }

  type(id: number): BtfType {
    if (id === 0) return voidType;
    if (id < this.#firstId && this.#base !== undefined) return this.#base.type(id);
    const known = this.#decoded[id];
    if (known !== undefined) return known;
    const offset = this.#offsets[id - this.#firstId];
    if (offset === undefined) {
      throw new EbpfError("BAD_BTF", `BTF has no type ${id}: its ${this.length - 1} types end before`);
    }
    const type = decodeType(this.#types, offset, id, this.#text);
    this.#decoded[id] = type;
    return type;
  }

  /** Makes it a type of which nothing is known: what the record says cannot be relied on. */
  hide(id: number): void {
    const offset = this.#offsets[id - this.#firstId];
    if (offset === undefined) return;
    const number = kindOf(this.#types.u32(offset + 4));
    this.#decoded[id] = { kind: "unknown", id, name: this.#text(this.#types.u32(offset)), number };
    this.#flavors.clear();
  }

  find(name: string, kind?: BtfKind): readonly BtfType[] {
    return this.#search(name, kind, false);
  }

  findFlavors(name: string): readonly BtfType[] {
    // A program asks for the same few structs again and again.
    const known = this.#flavors.get(name);
    if (known !== undefined) return known;
    const found = this.#search(name, undefined, true);
    this.#flavors.set(name, found);
    return found;
  }

  resolve(id: number): BtfType {
    return resolveType(this, id);
  }

  sizeOf(id: number): number {
    return sizeOfType(this, id);
  }

  nameOf(id: number): string {
    return nameOfType(this, id);
  }

  string(offset: number): string {
    return this.strings.text(offset);
  }

  /** All types; the values of an `enum64` are decimal texts, as JSON has no bigint. */
  toJSON(): unknown {
    return Array.from({ length: this.length }, (_, id) => {
      const type = this.type(id);
      if (type.kind !== "enum64") return type;
      return { ...type, values: type.values.map(({ name, value }) => ({ name, value: String(value) })) };
    });
  }

  #inBase(name: string, kind: BtfKind | undefined, flavors: boolean): readonly BtfType[] {
    if (this.#base === undefined) return [];
    return flavors ? this.#base.findFlavors(name) : this.#base.#search(name, kind, false);
  }

  /** Compares bytes in place: 150,000 names take about a millisecond, and none of them becomes a string. */
  #search(name: string, kind: BtfKind | undefined, flavors: boolean): BtfType[] {
    const found = [...this.#inBase(name, kind, flavors)];
    if (name === "" || name.includes("\0")) return found;
    const wanted = encoder.encode(name);
    for (let index = 0; index < this.#offsets.length; index++) {
      const at = this.#offsets[index]!;
      if (!this.strings.matches(this.#types.u32(at), wanted, flavors)) continue;
      if (kind !== undefined && kindNames[kindOf(this.#types.u32(at + 4))] !== kind) continue;
      const type = this.type(this.#firstId + index);
      if (flavors && "name" in type && essentialName(type.name) !== name) continue;
      found.push(type);
    }
    return found;
  }
}

const encoder = new TextEncoder();
