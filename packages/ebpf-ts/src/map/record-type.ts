import { BtfBuilder } from "../btf/btf-builder.ts";
import { parseBtfInPlace } from "../btf/parse-btf.ts";
import type { Btf } from "../btf/types.ts";

/** A type, and the table that it stands in; or several types there. */
export interface RingRecordType {
  readonly btf: Btf;
  /** 0 where there are several. */
  readonly id: number;
  readonly shapes?: RecordShapes | undefined;
  /** In place of all that: a function of the user's. It does not go to other threads. */
  readonly decode?: ((bytes: Uint8Array) => unknown) | undefined;
}

/** How a record is told from one that is something else. */
export interface RecordShapes {
  /**
   * - `size`: by its length;
   * - `tag`: by a number in it;
   * - `prefix`: there is one type, and records may end before it does, or go on behind it;
   * - `fitting`: there is one type, and what has another length is bytes: nobody is sure.
   */
  readonly told: "size" | "tag" | "prefix" | "fitting";
  readonly each: readonly RecordShape[];
}

/** One of the types of a ring's records. Plain data. */
export interface RecordShape {
  readonly id: number;
  /** Bytes of a record as a reader gets it: samples of perf rings are padded. */
  readonly length: number;
  readonly tag?: { readonly offset: number; readonly size: number; readonly values: readonly number[] } | undefined;
}

/** The same in a form that survives `postMessage`: another thread can make a decoder of it. */
export interface SharedRecordType {
  readonly btf: Uint8Array;
  readonly id: number;
  readonly shapes?: RecordShapes | undefined;
}

/** What the records of a ring are. Until somebody needs to know, it may still be chosen. */
export class RecordType {
  readonly #ring: string;
  #type: RingRecordType | undefined;
  /** Looks for it, which may take time: asked once, when somebody needs to know. */
  #find: (() => RingRecordType | undefined) | undefined;
  #needed = false;

  /** `ring` is for errors; without a type, records are bytes. */
  constructor(ring: string, type: RingRecordType | (() => RingRecordType | undefined) | undefined) {
    this.#ring = ring;
    if (typeof type === "function") this.#find = type;
    else this.#type = type;
  }

  get isSettled(): boolean {
    return this.#needed;
  }

  /** `name` is how the user calls it. Throws TypeError when it is settled as another: a ring has one decoder. */
  choose(type: RingRecordType, name: string): void {
    if (this.#needed && type.id !== this.#type?.id) {
      throw new TypeError(
        `Cannot open ring ${this.#ring} as ${name}: it is open already, with records of another type`,
      );
    }
    this.#type = type;
    this.#find = undefined;
  }

  /** Settles it. */
  settle(): RingRecordType | undefined {
    this.#needed = true;
    if (this.#find !== undefined) this.#type = this.#find();
    this.#find = undefined;
    return this.#type;
  }
}

/** Records that a function of the user's makes values of. */
export function decodedBy(decode: (bytes: Uint8Array) => unknown): RingRecordType {
  return { btf: parseBtfInPlace(new BtfBuilder().bytes()), id: 0, decode };
}

/** Undefined where records are bytes for whoever is not this thread. */
export function sharedType(type: RingRecordType | undefined): SharedRecordType | undefined {
  if (type === undefined || type.decode !== undefined) return undefined;
  return { btf: type.btf.bytes, id: type.id, shapes: type.shapes };
}
