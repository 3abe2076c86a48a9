/**
 * Copies a text of up to `size` bytes, up to its first NUL, and gives how many bytes that is. The target has room for all of them: words are
 * copied whole, and what is behind the NUL is for the next text to overwrite.
 */
export function copyText(view: DataView, at: number, size: number, target: DataView, to: number): number {
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    const word = view.getInt32(at + i, true);
    target.setInt32(to + i, word, true);
    // The highest bit of each byte that is 0, and perhaps of some behind the first such byte.
    const zeros = (word - 0x0101_0101) & ~word & 0x8080_8080;
    if (zeros !== 0) return i + ((31 - Math.clz32(zeros & -zeros)) >> 3);
  }
  for (; i < size; i++) {
    const byte = view.getUint8(at + i);
    if (byte === 0) return i;
    target.setUint8(to + i, byte);
  }
  return size;
}

/** Copies all of them. */
export function copyBytes(view: DataView, at: number, size: number, target: Uint8Array, to: number): void {
  for (let i = 0; i < size; i++) target[to + i] = view.getUint8(at + i);
}
