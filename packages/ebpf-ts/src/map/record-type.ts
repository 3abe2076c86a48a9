import type { Btf } from "../btf/types.ts";

/** A type, and the table that it stands in. */
export interface RingRecordType {
  readonly btf: Btf;
  readonly id: number;
}

/** The same in a form that survives `postMessage`: another thread can make a decoder of it. */
export interface SharedRecordType {
  readonly btf: Uint8Array;
  readonly id: number;
}

/** What the records of a ring are. Until somebody needs to know, it may still be chosen. */
export class RecordType {
  readonly #ring: string;
  #type: RingRecordType | undefined;
  #needed = false;

  /** `ring` is for errors; without a type, records are bytes. */
  constructor(ring: string, type: RingRecordType | undefined) {
    this.#ring = ring;
    this.#type = type;
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
  }

  /** Settles it. */
  settle(): RingRecordType | undefined {
    this.#needed = true;
    return this.#type;
  }
}

export function sharedType(type: RingRecordType | undefined): SharedRecordType | undefined {
  return type && { btf: type.btf.bytes, id: type.id };
}
