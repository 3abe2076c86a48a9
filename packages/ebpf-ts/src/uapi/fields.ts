import type { BitsField, NumberField } from "./layout.ts";

type FieldOf<Kind extends NumberField["kind"]> = NumberField & { readonly kind: Kind };

// A field of one kind, of the struct that begins at `at`: one load or store where the field is a constant.

export function putU32(view: DataView, at: number, field: FieldOf<"u32">, value: number): void {
  view.setUint32(at + field.at, value, true);
}

/** Exact up to 2^53. */
export function u64At(view: DataView, at: number, field: FieldOf<"u64">): number {
  return view.getUint32(at + field.at + 4, true) * 2 ** 32 + view.getUint32(at + field.at, true);
}

/** Numbers up to 2^53; of negative ones the same bits as of a signed field. */
export function putU64(view: DataView, at: number, field: FieldOf<"u64" | "s64">, value: number): void {
  view.setUint32(at + field.at, value, true);
  view.setUint32(at + field.at + 4, Math.floor(value / 2 ** 32), true);
}

/** The same for a field of any kind, which takes some nanoseconds more. */
export function putNumber(view: DataView, at: number, field: NumberField, value: number): void {
  const place = at + field.at;
  switch (field.kind) {
    case "u32":
    case "s32":
      view.setUint32(place, value, true);
      break;
    case "u64":
    case "s64":
      putU64(view, at, field as FieldOf<"u64">, value);
      break;
    case "u16":
    case "s16":
      view.setUint16(place, value, true);
      break;
    default:
      view.setUint8(place, value);
  }
}

export function numberAt(view: DataView, at: number, field: NumberField): number {
  const place = at + field.at;
  switch (field.kind) {
    case "u32":
      return view.getUint32(place, true);
    case "s32":
      return view.getInt32(place, true);
    case "u64":
      return u64At(view, at, field as FieldOf<"u64">);
    case "s64":
      return view.getInt32(place + 4, true) * 2 ** 32 + view.getUint32(place, true);
    case "u16":
      return view.getUint16(place, true);
    case "s16":
      return view.getInt16(place, true);
    case "s8":
      return view.getInt8(place);
    default:
      return view.getUint8(place);
  }
}

/** A field of 64 bits, whatever is in it. */
export function putBigint(view: DataView, at: number, field: NumberField, value: bigint): void {
  view.setBigUint64(at + field.at, BigInt.asUintN(64, value), true);
}

export function bigintAt(view: DataView, at: number, field: NumberField): bigint {
  const place = at + field.at;
  return field.kind === "s64" ? view.getBigInt64(place, true) : view.getBigUint64(place, true);
}

/** Bit by bit, since a field may lie across bytes. */
export function putBits(view: DataView, at: number, field: BitsField, value: number): void {
  for (let bit = 0; bit < field.width; bit += 1) {
    const place = at + field.at + ((field.shift + bit) >> 3);
    const mask = 1 << ((field.shift + bit) & 7);
    const isSet = Math.floor(value / 2 ** bit) % 2 === 1;
    view.setUint8(place, isSet ? view.getUint8(place) | mask : view.getUint8(place) & ~mask);
  }
}

export function bitsAt(view: DataView, at: number, field: BitsField): number {
  let value = 0;
  for (let bit = 0; bit < field.width; bit += 1) {
    const place = at + field.at + ((field.shift + bit) >> 3);
    value += ((view.getUint8(place) >> ((field.shift + bit) & 7)) & 1) * 2 ** bit;
  }
  return value;
}
