import { EbpfError } from "../base/errors.ts";

/** The numbers that a typed array can show. */
export type ScalarFormat = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64";

/** Numbers of one format, side by side in memory. */
export type ScalarArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

export interface ScalarArrayConstructor {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ScalarArray;
  readonly BYTES_PER_ELEMENT: number;
}

export const arrayOf: Readonly<Record<ScalarFormat, ScalarArrayConstructor>> = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
};

/** What `Atomics` does, and the kernel's BPF_ATOMIC instructions: integers of 32 and 64 bits. */
export type AtomicArray = Int32Array | Uint32Array | BigInt64Array | BigUint64Array;

export function isAtomic(format: ScalarFormat): boolean {
  return format === "i32" || format === "u32" || format === "i64" || format === "u64";
}

export function isFloat(format: ScalarFormat): format is "f32" | "f64" {
  return format === "f32" || format === "f64";
}

const lowest: Readonly<Record<string, number>> = { i8: -128, i16: -32768, i32: -2147483648 };
const highest: Readonly<Record<string, number>> = {
  i8: 127,
  u8: 255,
  i16: 32767,
  u16: 65535,
  i32: 2147483647,
  u32: 4294967295,
};

/**
 * The value as the typed array takes it. Safe integers do for 64 bits. Anything that would be stored as something else is
 * BAD_VALUE; `where` is what it was meant for.
 */
export function toStored(format: ScalarFormat, value: unknown, where: string): number | bigint {
  if (format === "i64" || format === "u64") return toBig(format, value, where);
  if (typeof value !== "number") throw unfit(where, value, format[0] === "f" ? "a number" : rangeOf(format));
  if (isFloat(format)) return value;
  if (!Number.isInteger(value) || value < (lowest[format] ?? 0) || value > highest[format]!)
    throw unfit(where, value, rangeOf(format));
  return value;
}

/** A difference: of either sign also for unsigned formats, where the sum wraps as in C. */
export function toDelta(format: ScalarFormat, value: unknown, where: string): number | bigint {
  if (format === "i64" || format === "u64") {
    const big = asBig(value);
    if (big === undefined) throw unfit(where, value, "a bigint, or a safe integer");
    return big;
  }
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw unfit(where, value, "a safe integer");
  return value;
}

function toBig(format: "i64" | "u64", value: unknown, where: string): bigint {
  const big = asBig(value);
  if (big === undefined || (format === "i64" ? BigInt.asIntN(64, big) : BigInt.asUintN(64, big)) !== big) {
    throw unfit(where, value, `a bigint, or a safe integer, of 64 bits, ${format === "i64" ? "signed" : "unsigned"}`);
  }
  return big;
}

function asBig(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function rangeOf(format: ScalarFormat): string {
  return `an integer from ${lowest[format] ?? 0} to ${highest[format]}`;
}

function unfit(where: string, value: unknown, expected: string): EbpfError {
  const given = typeof value === "bigint" ? `${value}n` : typeof value === "number" ? String(value) : typeof value;
  return new EbpfError("BAD_VALUE", `Cannot set ${where}: it takes ${expected}, not ${given}`);
}
