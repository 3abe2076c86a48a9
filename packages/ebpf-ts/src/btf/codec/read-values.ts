/** Reads of single values; generated code and closures both call these. Little-endian, as all BTF read here. */

const utf8 = new TextDecoder();

/** Texts of 16 bytes are mostly task names, of which a system has few: looked up by their bytes, in a direct-mapped table. */
const commSlots = 256;
const commTexts: string[] = new Array<string>(commSlots).fill("");
const commWords: Int32Array = new Int32Array(commSlots * 4);
const commCopy: DataView = new DataView(new ArrayBuffer(16));

/** UTF-8 up to the first NUL, or to the end. */
export function readText(view: DataView, at: number, length: number): string {
  // 9 ns instead of 55 for a name that was seen before.
  return length === 16 ? readComm(view, at) : readOtherText(view, at, length);
}

function readComm(view: DataView, at: number): string {
  const a = view.getInt32(at, true);
  const b = view.getInt32(at + 4, true);
  const c = view.getInt32(at + 8, true);
  const d = view.getInt32(at + 12, true);
  let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
  hash = (hash ^ (hash >>> 15)) & (commSlots - 1);
  const slot = hash * 4;
  if (commWords[slot] === a && commWords[slot + 1] === b && commWords[slot + 2] === c && commWords[slot + 3] === d)
    return commTexts[hash]!;
  // Text from the words at hand, not from the bytes: another thread may be writing them.
  commCopy.setInt32(0, a, true);
  commCopy.setInt32(4, b, true);
  commCopy.setInt32(8, c, true);
  commCopy.setInt32(12, d, true);
  const text = readOtherText(commCopy, 0, 16);
  commWords[slot] = a;
  commWords[slot + 1] = b;
  commWords[slot + 2] = c;
  commWords[slot + 3] = d;
  commTexts[hash] = text;
  return text;
}

/** Beyond this many letters the decoder of the platform is faster than a loop. */
const shortText = 64;

function readOtherText(view: DataView, at: number, length: number): string {
  const codes: number[] = [];
  const short = Math.min(length, shortText);
  for (let i = 0; i < short; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) return String.fromCharCode.apply(null, codes);
    if (code > 0x7f) return readUtf8(view, at, length);
    codes.push(code);
  }
  return length <= shortText ? String.fromCharCode.apply(null, codes) : readUtf8(view, at, length);
}

function readUtf8(view: DataView, at: number, length: number): string {
  // A copy, for TextDecoder refuses shared memory.
  const bytes = readBytes(view, at, length);
  const end = bytes.indexOf(0);
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

export function readBytes(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}

export function readBool(view: DataView, at: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (view.getUint8(at + i) !== 0) return true;
  return false;
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
