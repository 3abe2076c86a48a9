import { badDwarf } from "./budget.ts";

/** Reads a section of foreign bytes from front to back, little-endian. Every access is checked against the end. */
export class Cursor {
  at: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #section: string;

  constructor(bytes: Uint8Array, section: string, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#section = section;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
    if (!(Number.isSafeInteger(at) && at >= 0 && at <= end && end <= bytes.length)) throw this.#truncated();
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u24(): number {
    const at = this.#take(3);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** As a number: exact up to 2^53, which is more than sizes and offsets of a file. */
  u64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  /** ULEB128, as a number: exact up to 2^53. */
  uleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
      if (scale > 2 ** 63) throw badDwarf(`a number of ${this.#section} has more than 64 bits`);
    }
  }

  /** SLEB128, as a number: exact up to 2^53. */
  sleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - scale;
      if (scale > 2 ** 63) throw badDwarf(`a number of ${this.#section} has more than 64 bits`);
    }
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Past the text that begins here, and its NUL. */
  skipText(): void {
    const stop = this.bytes.indexOf(0, this.at);
    if (stop < 0 || stop >= this.end) throw this.#truncated();
    this.at = stop + 1;
  }

  #take(length: number): number {
    const { at } = this;
    const next = at + length;
    if (!(next <= this.end)) throw this.#truncated();
    this.at = next;
    return at;
  }

  #truncated(): Error {
    return badDwarf(`${this.#section} is truncated`);
  }
}

const decoder = new TextDecoder();

/** The text before the next NUL. */
export function textAt(bytes: Uint8Array, offset: number, section: string): string {
  const stop = offset <= bytes.length ? bytes.indexOf(0, offset) : -1;
  if (stop < 0) throw badDwarf(`a text of ${section} lies outside of it`);
  // A copy, for TextDecoder refuses shared memory.
  return decoder.decode(bytes.slice(offset, stop));
}
