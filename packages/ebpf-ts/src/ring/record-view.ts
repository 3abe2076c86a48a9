import { wrongKind } from "../base/checks.ts";

/**
 * A look at one record where it stands, without a copy. The same object is moved from record to record, and is empty between them:
 * copy what must outlive the callback. It has no setters, since a ring of the kernel is mapped read-only and a write would end
 * the process. Offsets count from the start of the record; past its end is a RangeError. Numbers are little-endian.
 */
export class RecordView {
  readonly #view: DataView;
  readonly #data: Uint8Array;
  #start = 0;
  #length = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get length(): number {
    return this.#length;
  }

  /** Unsigned, 8 bits. */
  u8(offset: number): number {
    return this.#view.getUint8(this.#at(offset, 1));
  }

  /** Signed, 8 bits. */
  i8(offset: number): number {
    return this.#view.getInt8(this.#at(offset, 1));
  }

  /** Unsigned, 16 bits. */
  u16(offset: number): number {
    return this.#view.getUint16(this.#at(offset, 2), true);
  }

  /** Signed, 16 bits. */
  i16(offset: number): number {
    return this.#view.getInt16(this.#at(offset, 2), true);
  }

  /** Unsigned, 32 bits. */
  u32(offset: number): number {
    return this.#view.getUint32(this.#at(offset, 4), true);
  }

  /** Signed, 32 bits. */
  i32(offset: number): number {
    return this.#view.getInt32(this.#at(offset, 4), true);
  }

  /** Unsigned, 64 bits. */
  u64(offset: number): bigint {
    return this.#view.getBigUint64(this.#at(offset, 8), true);
  }

  /** Signed, 64 bits. */
  i64(offset: number): bigint {
    return this.#view.getBigInt64(this.#at(offset, 8), true);
  }

  /** IEEE 754, 32 bits. */
  f32(offset: number): number {
    return this.#view.getFloat32(this.#at(offset, 4), true);
  }

  /** IEEE 754, 64 bits. */
  f64(offset: number): number {
    return this.#view.getFloat64(this.#at(offset, 8), true);
  }

  /** A copy of the whole record. */
  bytes(): Uint8Array {
    return this.#data.slice(this.#start, this.#start + this.#length);
  }

  /** Copies the whole record into `target`; gives the number of bytes. */
  copyInto(target: Uint8Array, offset = 0): number {
    if (!Number.isInteger(offset) || offset < 0 || offset + this.#length > target.length) {
      throw new RangeError(
        `A record of ${this.#length} bytes does not fit at offset ${offset} of ${target.length} bytes`,
      );
    }
    const data = this.#data;
    const start = this.#start;
    const length = this.#length;
    for (let i = 0; i < length; i += 1) target[offset + i] = data[start + i]!;
    return length;
  }

  /** Moves to the record at `start` of the data; length 0 makes it empty. */
  moveTo(start: number, length: number): void {
    this.#start = start;
    this.#length = length;
  }

  #at(offset: number, size: number): number {
    if (!Number.isInteger(offset) || offset < 0 || offset + size > this.#length) {
      if (typeof offset !== "number") throw wrongKind("The offset in a record", "a whole number", offset);
      if (this.#length === 0) {
        throw new RangeError(
          "The record is empty, or is over: copy what must outlive the callback or the step of the loop",
        );
      }
      throw new RangeError(`The record has ${this.#length} bytes, so ${size} cannot be read at offset ${offset}`);
    }
    return this.#start + offset;
  }
}
