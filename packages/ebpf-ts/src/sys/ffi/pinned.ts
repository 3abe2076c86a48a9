import { addressOf } from "./libc.ts";

/** A buffer whose address is handed to the system again and again: an `ArrayBuffer` never moves. */
export interface Pinned {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly address: number;
}

export function pinned(size: number): Pinned {
  const buffer = new ArrayBuffer(size);
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer), address: addressOf(buffer) };
}

/** Addresses and sizes of the system as a number: user space ends far below 2^53. */
export function putWord(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
}
