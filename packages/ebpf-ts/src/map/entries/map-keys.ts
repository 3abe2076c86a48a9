import { badIndex } from "../../base/bad-index.ts";
import { EbpfError, numberOf } from "../../base/errors.ts";
import type { MapInfo } from "../../engine/map.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import type { ValueCodec } from "../value-codec.ts";

/** The keys of a map as bytes. Those of arrays are indices, and have the errors of an index of any other array. */
export class MapKeys {
  readonly #info: MapInfo;
  readonly #codec: ValueCodec;
  readonly #indices: boolean;

  constructor(info: MapInfo, codec: ValueCodec) {
    this.#info = info;
    this.#codec = codec;
    this.#indices = mapKind(info.type).key === "index";
  }

  decode(bytes: Uint8Array): unknown {
    return this.#codec.decode(bytes);
  }

  /** `index` is that of the key among those that were given, for errors. */
  encode(key: unknown, index?: number): Uint8Array {
    return this.#indices ? this.#encodeIndex(key, index) : this.#codec.encode(key);
  }

  /** A whole number that is no index of the array; what is none at all is for {@link encode} to refuse. */
  isOutside(key: unknown): boolean {
    return this.#indices && Number.isInteger(key) && !this.#isIndex(key as number);
  }

  /** Indices may also be bytes, or names of an enum, where the object says so. */
  #encodeIndex(key: unknown, given: number | undefined): Uint8Array {
    if (typeof key === "number" && !this.#isIndex(key)) throw this.#bad(key, given);
    const bytes = this.#encodeAny(key, given);
    if (typeof key === "number") return bytes;
    const index = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
    if (!this.#isIndex(index)) throw this.#bad(index, given);
    return bytes;
  }

  #encodeAny(key: unknown, given: number | undefined): Uint8Array {
    try {
      return this.#codec.encode(key);
    } catch (error) {
      throw error instanceof EbpfError && error.code === "BAD_VALUE" ? this.#bad(key, given) : error;
    }
  }

  #isIndex(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.#info.maxEntries;
  }

  #bad(index: unknown, given: number | undefined): Error {
    return badIndex(index, this.#info.maxEntries, `map ${this.#info.name}${numberOf(given)}`);
  }
}
