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
