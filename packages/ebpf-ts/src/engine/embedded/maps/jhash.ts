/** JHASH_INITVAL. */
const initial = 0xdead_beef | 0;
const blockBytes = 12;

/**
 * The kernel's jhash() of some bytes (include/linux/jhash.h), unsigned 32 bits: lookup3 by Bob Jenkins. Of words its jhash2() is the same where
 * they are little-endian.
 */
export function jhash(bytes: Uint8Array, seed: number): number {
  let a = (initial + bytes.length + seed) | 0;
  let b = a;
  let c = a;
  let at = 0;
  for (; bytes.length - at > blockBytes; at += blockBytes) {
    a = (a + word(bytes, at)) | 0;
    b = (b + word(bytes, at + 4)) | 0;
    c = (c + word(bytes, at + 8)) | 0;
    a = (a - c) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (at === bytes.length) return c >>> 0;
  a = (a + wordUpToEnd(bytes, at)) | 0;
  b = (b + wordUpToEnd(bytes, at + 4)) | 0;
  c = (c + wordUpToEnd(bytes, at + 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** What is missing of the word is 0. */
function wordUpToEnd(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = Math.min(at + 4, bytes.length) - 1; index >= at; index--) value = (value << 8) | bytes[index]!;
  return value;
}
