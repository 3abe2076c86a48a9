import type { BitsField, NumberField } from "./layout.ts";

/** Writes a field of the struct that begins at `at`: with a constant field one store. Of 64-bit ones numbers below 2^53. */
export function putNumber(view: DataView, at: number, field: NumberField, value: number): void {
  const place = at + field.at;
  switch (field.kind) {
    case "u32":
    case "s32":
      view.setUint32(place, value, true);
      break;
    case "u64":
    case "s64":
      view.setUint32(place, value, true);
      view.setUint32(place + 4, Math.floor(value / 2 ** 32), true);
      break;
    case "u16":
    case "s16":
      view.setUint16(place, value, true);
      break;
    default:
      view.setUint8(place, value);
  }
}

/** Reads a field of the struct that begins at `at`. What has 64 bits is exact up to 2^53. */
export function numberAt(view: DataView, at: number, field: NumberField): number {
  const place = at + field.at;
  switch (field.kind) {
    case "u32":
      return view.getUint32(place, true);
    case "s32":
      return view.getInt32(place, true);
    case "u64":
      return view.getUint32(place + 4, true) * 2 ** 32 + view.getUint32(place, true);
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
