import type { MachineMapImage } from "../machine/image.ts";
import { checkKey } from "./map-checks.ts";

/** The u32 of an array's key, which stands at `at`. */
export function indexOf(bytes: Uint8Array, at = 0): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function indexKey(index: number): Uint8Array {
  return Uint8Array.of(index, index >>> 8, index >>> 16, index >>> 24);
}

/** array_map_get_next_key: an index that is out of range starts anew. */
export function nextIndex(image: MachineMapImage, key: Uint8Array | undefined): Uint8Array | undefined {
  if (key === undefined) {
    return indexKey(0);
  }
  checkKey(image, key);
  const index = indexOf(key);
  if (index >= image.maxEntries) {
    return indexKey(0);
  }
  return index === image.maxEntries - 1 ? undefined : indexKey(index + 1);
}
