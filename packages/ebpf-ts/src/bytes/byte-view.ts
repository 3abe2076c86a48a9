import { EbpfError } from "../base/errors.ts";
import type { EbpfErrorCode } from "../base/errors.ts";

/**
 * Little-endian reads of foreign bytes. Every access is checked against the end, so that no parser needs arithmetic of
 * its own to be safe. `what` names the bytes in errors: "Section .BTF", "ELF file".
 */
export class ByteView {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  readonly #code: EbpfErrorCode;

  constructor(bytes: Uint8Array, what: string, code: EbpfErrorCode) {
    this.length = bytes.length;
    // Plain, for `slice` of a Node `Buffer` would share memory.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#code = code;
  }

  u8(offset: number): number {
    this.#check(offset, 1);
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    this.#check(offset, 2);
    return this.#view.getUint16(offset, true);
  }

  i16(offset: number): number {
    this.#check(offset, 2);
    return this.#view.getInt16(offset, true);
  }

  u32(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getUint32(offset, true);
  }

  i32(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getInt32(offset, true);
  }

  u64(offset: number): bigint {
    this.#check(offset, 8);
    return this.#view.getBigUint64(offset, true);
  }

  /** A 64-bit offset or size as a number. Nothing above 2^53 can be one in a file, so such a value is refused. */
  u64Number(offset: number): number {
    this.#check(offset, 8);
    const value = this.#view.getUint32(offset + 4, true) * 0x1_0000_0000 + this.#view.getUint32(offset, true);
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new EbpfError(
        this.#code,
        `${this.#what} is broken: the number at offset ${offset} is larger than any file`,
      );
    }
    return value;
  }

  /** Shares memory with what the view was made of. */
  bytes(offset: number, length: number): Uint8Array {
    this.#check(offset, length);
    return this.#bytes.subarray(offset, offset + length);
  }

  /** The text before the next NUL, which must come before `end`. */
  cString(offset: number, end: number = this.length): string {
    this.#check(offset, 1);
    this.#check(end, 0);
    const stop = this.#bytes.indexOf(0, offset);
    if (stop < 0 || stop >= end) {
      throw new EbpfError(this.#code, `${this.#what} is truncated: the text at offset ${offset} has no end`);
    }
    // A copy, for TextDecoder refuses shared memory.
    return decoder.decode(this.#bytes.slice(offset, stop));
  }

  #check(offset: number, length: number): void {
    // Written so that NaN fails: the sum of two safe integers cannot overflow.
    if (
      Number.isSafeInteger(offset) &&
      offset >= 0 &&
      Number.isSafeInteger(length) &&
      length >= 0 &&
      offset + length <= this.length
    )
      return;
    throw new EbpfError(
      this.#code,
      `${this.#what} is truncated: ${length} bytes at offset ${offset} lie outside its ${this.length} bytes`,
    );
  }
}

const decoder = new TextDecoder();
