import { EbpfError } from "../base/errors.ts";
import type { Lifetime } from "./lifetime.ts";
import { arrayOf, type ScalarArray, type ScalarFormat, toStored } from "./scalar-format.ts";

export interface MemoryAreaOptions {
  /** For errors: `map counters`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** A store into it may end the process: then nothing but copies of its contents leaves the views. */
  readonly readOnly: boolean;
  readonly lifetime: Lifetime;
}

/**
 * Shared memory under views. The views ask {@link check} before each access, which makes use after close an error; the memory
 * itself stays where it is as long as anybody can reach it.
 */
export class MemoryArea {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #readOnly: boolean;
  readonly #lifetime: Lifetime;
  readonly #arrays: Partial<Record<ScalarFormat, ScalarArray>> = {};

  constructor({ name, bytes, readOnly, lifetime }: MemoryAreaOptions) {
    if (bytes.byteOffset % 8 !== 0) throw new RangeError(`The memory of ${name} must stand on an 8-byte boundary`);
    this.name = name;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#readOnly = readOnly;
    this.#lifetime = lifetime;
  }

  get length(): number {
    return this.bytes.length;
  }

  get readOnly(): boolean {
    return this.#readOnly || this.#lifetime.sealed === true;
  }

  check(): void {
    if (!this.#lifetime.open) throw new EbpfError("CLOSED", `Cannot use the memory of ${this.name}: it is closed`);
  }

  checkWritable(): void {
    this.check();
    if (!this.readOnly) return;
    const cannot = `Cannot write to the memory of ${this.name}`;
    if (this.#lifetime.sealed !== true) throw new TypeError(`${cannot}: it is read-only`);
    throw new EbpfError("NO_PRIVILEGE", `${cannot}: this process was locked down by lockDown({ readOnly: true })`);
  }

  /** All of it as numbers of that kind. */
  array(format: ScalarFormat): ScalarArray {
    return this.#arrays[format] ?? this.#makeArray(format);
  }

  #makeArray(format: ScalarFormat): ScalarArray {
    const Elements = arrayOf[format];
    const length = Math.floor(this.length / Elements.BYTES_PER_ELEMENT);
    const array = new Elements(this.bytes.buffer, this.bytes.byteOffset, length);
    this.#arrays[format] = array;
    return array;
  }

  /** In one access where it is aligned: a DataView may go byte by byte, and would show half of a change. */
  read(format: ScalarFormat, at: number): number | bigint {
    this.check();
    const array = this.array(format);
    const size = array.BYTES_PER_ELEMENT;
    return at % size === 0 ? array[at / size]! : this.#readUnaligned(format, at);
  }

  write(format: ScalarFormat, at: number, value: unknown, where: string): void {
    this.checkWritable();
    const array = this.array(format);
    const size = array.BYTES_PER_ELEMENT;
    const stored = toStored(format, value, where);
    if (at % size === 0) array[at / size] = stored as never;
    else this.#writeUnaligned(format, at, stored);
  }

  /** Members of packed structs. */
  #readUnaligned(format: ScalarFormat, at: number): number | bigint {
    const { view } = this;
    switch (format) {
      case "i16":
        return view.getInt16(at, true);
      case "u16":
        return view.getUint16(at, true);
      case "i32":
        return view.getInt32(at, true);
      case "u32":
        return view.getUint32(at, true);
      case "i64":
        return view.getBigInt64(at, true);
      case "u64":
        return view.getBigUint64(at, true);
      case "f32":
        return view.getFloat32(at, true);
      case "f64":
        return view.getFloat64(at, true);
      default:
        return this.array(format)[at]!;
    }
  }

  #writeUnaligned(format: ScalarFormat, at: number, value: number | bigint): void {
    const { view } = this;
    if (typeof value === "bigint") view.setBigUint64(at, BigInt.asUintN(64, value), true);
    else if (format === "f32") view.setFloat32(at, value, true);
    else if (format === "f64") view.setFloat64(at, value, true);
    else if (format === "i16" || format === "u16") view.setInt16(at, value, true);
    else view.setInt32(at, value, true);
  }
}
