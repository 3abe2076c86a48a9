import { loss } from "./kept-bytes.ts";

/** Reads of single values; generated code and closures both call these. Little-endian, as all BTF read here. */

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** Texts of 16 bytes are mostly task names, of which a system has few: looked up by their bytes, in a direct-mapped table. */
const commSlots = 256;
const commTexts: string[] = new Array<string>(commSlots).fill("");
const commWords: Int32Array = new Int32Array(commSlots * 4);
/** 1 where the text says less than the bytes. */
const commLosses: Uint8Array = new Uint8Array(commSlots);
const commCopy: DataView = new DataView(new ArrayBuffer(16));

/** UTF-8 up to the first NUL, or to the end. */
export function readText(view: DataView, at: number, length: number): string {
  // 9 ns instead of 55 for a name that was seen before.
  return length === 16 ? readComm(view, at) : readOtherText(view, at, length);
}

/** Of a flexible array: as long as the record, so that also its length is to be kept. A text takes itself and one NUL. */
export function readTail(view: DataView, at: number, length: number): string {
  if (length === 0 || (length > 1 && view.getUint8(at + length - 2) === 0)) loss.seen = true;
  return readText(view, at, length);
}

function readComm(view: DataView, at: number): string {
  const a = view.getInt32(at, true);
  const b = view.getInt32(at + 4, true);
  const c = view.getInt32(at + 8, true);
  const d = view.getInt32(at + 12, true);
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
  hash = (hash ^ (hash >>> 15)) & (commSlots - 1);
  const slot = hash * 4;
  if (commWords[slot] === a && commWords[slot + 1] === b && commWords[slot + 2] === c && commWords[slot + 3] === d) {
    if (commLosses[hash] !== 0) loss.seen = true;
    return commTexts[hash]!;
  }
  // Text from the words at hand, not from the bytes: another thread may be writing them.
  commCopy.setInt32(0, a, true);
  commCopy.setInt32(4, b, true);
  commCopy.setInt32(8, c, true);
  commCopy.setInt32(12, d, true);
  const before = loss.seen;
  loss.seen = false;
  const text = readOtherText(commCopy, 0, 16);
  commLosses[hash] = loss.seen ? 1 : 0;
  loss.seen ||= before;
  commWords[slot] = a;
  commWords[slot + 1] = b;
  commWords[slot + 2] = c;
  commWords[slot + 3] = d;
  commTexts[hash] = text;
  return text;
}

/** Beyond this many letters the decoder of the platform is faster than a loop. */
const shortText = 64;
/** One list for each length, to be filled anew: a quarter less time than a list that grows. */
const letters: readonly number[][] = Array.from({ length: shortText + 1 }, (_, length) =>
  Array<number>(length).fill(0),
);

function readOtherText(view: DataView, at: number, length: number): string {
  const end = endOfAscii(view, at, Math.min(length, shortText));
  if (end < 0 || (end === shortText && length > shortText)) return readUtf8(view, at, length);
  if (end < length) checkPadding(view, at + end + 1, at + length);
  else if (length > 0) loss.seen = true;
  const codes = letters[end]!;
  for (let i = 0; i < end; i++) codes[i] = view.getUint8(at + i);
  return String.fromCharCode.apply(null, codes);
}

/** Letters before the first NUL, or all of them; -1 when others than those of ASCII are among them. */
function endOfAscii(view: DataView, at: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) return i;
    if (code > 0x7f) return -1;
  }
  return length;
}

function readUtf8(view: DataView, at: number, length: number): string {
  // A copy, for TextDecoder refuses shared memory.
  const bytes = readBytes(view, at, length);
  const end = bytes.indexOf(0);
  if (end < 0) loss.seen = true;
  else checkPadding(view, at + end + 1, at + length);
  const own = end < 0 ? bytes : bytes.subarray(0, end);
  const text = utf8.decode(own);
  if (text.includes("\ufffd") && !isUtf8Of(text, own)) loss.seen = true;
  return text;
}

/** What is no UTF-8 was read as U+FFFD, which may also stand there by itself. */
function isUtf8Of(text: string, bytes: Uint8Array): boolean {
  const encoded = utf8Encoder.encode(text);
  return encoded.length === bytes.length && encoded.every((byte, index) => byte === bytes[index]);
}

/** Behind the NUL of a text stand zeros, or what is lost. */
function checkPadding(view: DataView, start: number, end: number): void {
  let at = start;
  for (; at + 16 <= end; at += 16) {
    const low = view.getInt32(at, true) | view.getInt32(at + 4, true);
    if ((low | view.getInt32(at + 8, true) | view.getInt32(at + 12, true)) !== 0) {
      loss.seen = true;
      return;
    }
  }
  let rest = 0;
  for (; at < end; at++) rest |= view.getUint8(at);
  if (rest !== 0) loss.seen = true;
}

export function readBytes(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}

export function readBool(view: DataView, at: number, size: number): boolean {
  let above = 0;
  for (let i = 1; i < size; i++) above |= view.getUint8(at + i);
  return truth(above !== 0 ? 2 : view.getUint8(at));
}

/** Of an integer that is to be 0 or 1. */
export function truth(value: number): boolean {
  if (value > 1) loss.seen = true;
  return value !== 0;
}

export function readFloat(view: DataView, at: number, size: 4 | 8): number {
  const value = size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  if (Number.isNaN(value) && !isPlainNaN(view, at, size)) loss.seen = true;
  return value;
}

/** The one that is written for a NaN; others have a sign, or a payload. */
function isPlainNaN(view: DataView, at: number, size: 4 | 8): boolean {
  if (size === 4) return view.getUint32(at, true) === 0x7fc0_0000;
  return view.getUint32(at + 4, true) === 0x7ff8_0000 && view.getUint32(at, true) === 0;
}

export function read128(view: DataView, at: number, signed: boolean): bigint {
  const high = signed ? view.getBigInt64(at + 8, true) : view.getBigUint64(at + 8, true);
  return (high << 64n) | view.getBigUint64(at, true);
}

/** Up to 32 bits, so that with their shift they fit the 53 bits of a number. */
export function readBits(view: DataView, at: number, shift: number, width: number, signed: boolean): number {
  let word = 0;
  for (let i = Math.ceil((shift + width) / 8) - 1; i >= 0; i--) word = word * 256 + view.getUint8(at + i);
  const value = Math.floor(word / 2 ** shift) % 2 ** width;
  return signed && value >= 2 ** (width - 1) ? value - 2 ** width : value;
}

export function readBigBits(view: DataView, at: number, shift: number, width: number, signed: boolean): bigint {
  let word = 0n;
  for (let i = Math.ceil((shift + width) / 8) - 1; i >= 0; i--) word = (word << 8n) | BigInt(view.getUint8(at + i));
  const value = word >> BigInt(shift);
  return signed ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value);
}

/** The name of an enum's value, or the value when it has none. */
export function readName(names: ReadonlyMap<unknown, string>, value: unknown): unknown {
  return names.get(value) ?? value;
}
