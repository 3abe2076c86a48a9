/**
 * What programs hold in place of pointers to kernel objects: numbers far above the machine's memory (below 2^32), so
 * that reading through one is a fault. Helpers turn them back, and take nothing but exact ones.
 */

/** ld_imm64 of a map gives this plus its index. */
const mapBase = 0xffff_c900_0000_0000n;
/** ld_imm64 of a function gives this plus program index and slot. */
const functionBase = 0xffff_a000_0000_0000n;
/** What a user ring's callback gets for its sample's dynptr. */
const dynptrBase = 0xffff_b000_0000_0000n;

const step = 0x1000;
const slots = 2 ** 24;
/** So many numbers from a base on are of its kind: all of them are exact as numbers of JavaScript. */
const span = 2 ** 44;

export function mapHandle(index: number): bigint {
  return mapBase + BigInt(index * step);
}

/** Index of the map; -1 when the value is no handle at all. */
export function mapIndex(handle: bigint): number {
  const offset = Number(handle - mapBase);
  return offset >= 0 && offset < span && offset % step === 0 ? offset / step : -1;
}

export function dynptrHandle(index: number): bigint {
  return dynptrBase + BigInt(index * step);
}

export function functionAddress(program: number, slot: number): bigint {
  return functionBase + BigInt(program * slots + slot);
}

export function functionAt(address: bigint): { readonly program: number; readonly slot: number } | undefined {
  const offset = Number(address - functionBase);
  if (!(offset >= 0 && offset < span)) return undefined;
  return { program: Math.floor(offset / slots), slot: offset % slots };
}
