import { type Encoder, makeEncoder } from "../btf/index.ts";
import { EbpfError } from "../errors.ts";
import { type Lookahead, lookahead } from "../stream/lookahead.ts";
import type { RingRecordType } from "./ring-handles.ts";

/** What one call injects, in its order. Records may be asked for again until they are dropped. */
export interface InjectedRecords {
  has(index: number): boolean;
  /** Bytes of the record's payload. */
  sizeOf(index: number): number;
  /** Writes the payload at `offset` of the view, whose bytes are `bytes`. */
  write(index: number, view: DataView, bytes: Uint8Array, offset: number): void;
  /** The first `count` are injected. */
  drop(count: number): void;
  /** No more is asked for. */
  close(): void;
}

/** Writes the record at `index` at `offset` of the view, all of its bytes. */
export type WriteRecord = (view: DataView, offset: number, index: number) => void;

/** Turns values into records, for one ring. */
export class ValueEncoder<T> {
  readonly #ring: string;
  readonly #type: RingRecordType | undefined;
  #encoder: Encoder | undefined;

  /** `ring` is for errors; without a type it takes bytes only. */
  constructor(ring: string, type: RingRecordType | undefined) {
    this.#ring = ring;
    this.#type = type;
  }

  records(values: Iterable<T | Uint8Array>): InjectedRecords {
    return new ValueRecords(lookahead(values), this);
  }

  sizeOf(value: T | Uint8Array): number {
    return value instanceof Uint8Array ? value.length : (this.#encoder ??= this.#make()).sizeFor(value);
  }

  write(value: T | Uint8Array, view: DataView, bytes: Uint8Array, offset: number): void {
    if (value instanceof Uint8Array) bytes.set(value, offset);
    else this.#encoder!.encode(value, view, offset);
  }

  #make(): Encoder {
    if (this.#type !== undefined) return makeEncoder(this.#type.btf, this.#type.id);
    throw new EbpfError(
      "BAD_VALUE",
      `Cannot inject into ring ${this.#ring}: its records have no known type, so it takes a Uint8Array`,
    );
  }
}

class ValueRecords<T> implements InjectedRecords {
  readonly #values: Lookahead<T | Uint8Array>;
  readonly #encoder: ValueEncoder<T>;

  constructor(values: Lookahead<T | Uint8Array>, encoder: ValueEncoder<T>) {
    this.#values = values;
    this.#encoder = encoder;
  }

  has(index: number): boolean {
    return this.#values.has(index);
  }

  sizeOf(index: number): number {
    return this.#encoder.sizeOf(this.#values.at(index));
  }

  write(index: number, view: DataView, bytes: Uint8Array, offset: number): void {
    this.#encoder.write(this.#values.at(index), view, bytes, offset);
  }

  drop(count: number): void {
    this.#values.drop(count);
  }

  close(): void {
    this.#values.close();
  }
}

/** Records of one size that are written in place. */
export class FilledRecords implements InjectedRecords {
  readonly #size: number;
  readonly #write: WriteRecord;
  readonly #count: number;
  #dropped = 0;

  constructor(count: number, size: number, write: WriteRecord) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`The number of records must be a whole number, not ${count}`);
    }
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`The size of a record must be a whole number of bytes, not ${size}`);
    }
    if (typeof write !== "function") throw new TypeError("Records are written by a function: (view, offset, index)");
    this.#count = count;
    this.#size = size;
    this.#write = write;
  }

  has(index: number): boolean {
    return this.#dropped + index < this.#count;
  }

  sizeOf(): number {
    return this.#size;
  }

  write(index: number, view: DataView, _: Uint8Array, offset: number): void {
    this.#write(view, offset, this.#dropped + index);
  }

  drop(count: number): void {
    this.#dropped += count;
  }

  close(): void {}
}
