import { EncodeFailure, fail, failureUnder } from "./encode-failure.ts";
import type { Name } from "./encode-failure.ts";

/** Writes of single values, with their checks; generated code and closures both call these. `name` is the member or index, for errors. */

export function writeI8(view: DataView, at: number, value: unknown, name: Name): void {
  if (typeof value !== "number" || (value << 24) >> 24 !== value) fail(name, value, "an integer from -128 to 127");
  view.setInt8(at, value);
}

export function writeU8(view: DataView, at: number, value: unknown, name: Name): void {
  if (typeof value !== "number" || (value & 0xff) !== value) fail(name, value, "an integer from 0 to 255");
  view.setUint8(at, value);
}

export function writeI16(view: DataView, at: number, value: unknown, name: Name): void {
  if (typeof value !== "number" || (value << 16) >> 16 !== value) fail(name, value, "an integer from -32768 to 32767");
  view.setInt16(at, value, true);
}

export function writeU16(view: DataView, at: number, value: unknown, name: Name): void {
  if (typeof value !== "number" || (value & 0xffff) !== value) fail(name, value, "an integer from 0 to 65535");
  view.setUint16(at, value, true);
}

export function writeI32(view: DataView, at: number, value: unknown, name: Name): void {
  if (typeof value !== "number" || (value | 0) !== value)
    fail(name, value, "an integer from -2147483648 to 2147483647");
  view.setInt32(at, value, true);
}

export function writeU32(view: DataView, at: number, value: unknown, name: Name): void {
  if (typeof value !== "number" || value >>> 0 !== value) fail(name, value, "an integer from 0 to 4294967295");
  view.setUint32(at, value, true);
}

/** Numbers that are exact are taken too, and need no bigint. */
export function write64(view: DataView, at: number, value: unknown, signed: boolean, name: Name): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && (signed || value >= 0)) {
    view.setUint32(at, value >>> 0, true);
    view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
    return;
  }
  // It takes the low 64 bits, of negative ones too.
  view.setBigUint64(at, wide(value, 64, signed, name), true);
}

/** The 64-bit words of a view, for {@link writeWord}; none when it does not begin at a whole one. */
export function wordsOf(view: DataView): BigUint64Array {
  const { buffer, byteOffset, byteLength } = view;
  return byteOffset % 8 === 0 ? new BigUint64Array(buffer, byteOffset, byteLength >>> 3) : new BigUint64Array(0);
}

/** As {@link write64}. A bigint is stored in a typed array at a fifth of what a DataView takes for it, where it stands at a whole word. */
export function writeWord(
  view: DataView,
  words: BigUint64Array,
  at: number,
  value: unknown,
  signed: boolean,
  name: Name,
): void {
  const index = at >>> 3;
  if (typeof value !== "bigint" || (at & 7) !== 0 || index >= words.length) write64(view, at, value, signed, name);
  else words[index] = wide(value, 64, signed, name);
}

export function write128(view: DataView, at: number, value: unknown, signed: boolean, name: Name): void {
  const big = wide(value, 128, signed, name);
  view.setBigUint64(at, BigInt.asUintN(64, big), true);
  view.setBigUint64(at + 8, BigInt.asUintN(64, big >> 64n), true);
}

function wide(value: unknown, bits: number, signed: boolean, name: Name): bigint {
  const big = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof big !== "bigint" || (signed ? BigInt.asIntN(bits, big) : BigInt.asUintN(bits, big)) !== big) {
    fail(name, value, `a bigint, or a safe integer, of ${bits} bits, ${signed ? "signed" : "unsigned"}`);
  }
  return big;
}

export function writeBool(view: DataView, at: number, value: unknown, size: number, name: Name): void {
  if (typeof value !== "boolean") fail(name, value, "true or false");
  view.setUint8(at, value ? 1 : 0);
  for (let i = 1; i < size; i++) view.setUint8(at + i, 0);
}

export function writeFloat(view: DataView, at: number, value: unknown, size: number, name: Name): void {
  if (typeof value !== "number") fail(name, value, "a number");
  if (size === 4) view.setFloat32(at, value, true);
  else view.setFloat64(at, value, true);
}

/** Bits of the neighbours in the same bytes stay as they are. */
export function writeBits(
  view: DataView,
  at: number,
  value: unknown,
  shift: number,
  width: number,
  signed: boolean,
  name: Name,
): void {
  const low = signed ? -(2 ** (width - 1)) : 0;
  const high = signed ? 2 ** (width - 1) - 1 : 2 ** width - 1;
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high)
    fail(name, value, `an integer from ${low} to ${high}`);
  putBits(view, at, BigInt(value), shift, width);
}

export function writeBoolBits(
  view: DataView,
  at: number,
  value: unknown,
  shift: number,
  width: number,
  name: Name,
): void {
  if (typeof value !== "boolean") fail(name, value, "true or false");
  putBits(view, at, value ? 1n : 0n, shift, width);
}

export function writeBigBits(
  view: DataView,
  at: number,
  value: unknown,
  shift: number,
  width: number,
  signed: boolean,
  name: Name,
): void {
  putBits(view, at, wide(value, width, signed, name), shift, width);
}

function putBits(view: DataView, at: number, value: bigint, shift: number, width: number): void {
  const mask = ((1n << BigInt(width)) - 1n) << BigInt(shift);
  const bits = BigInt.asUintN(width, value) << BigInt(shift);
  const bytes = Math.ceil((shift + width) / 8);
  for (let i = 0; i < bytes; i++) {
    const position = BigInt(8 * i);
    const keep = view.getUint8(at + i) & ~Number((mask >> position) & 0xffn);
    view.setUint8(at + i, keep | Number((bits >> position) & 0xffn));
  }
}

const utf8 = new TextEncoder();

/** A text must leave room for its NUL; bytes may fill the array. */
export function writeText(view: DataView, at: number, value: unknown, size: number, name: Name): void {
  if (typeof value === "string") {
    if (value.length < size && writeAscii(view, at, value)) return;
    const bytes = utf8.encode(value);
    if (value.includes("\0")) fail(name, value, "a text without NUL");
    if (bytes.length >= size && value !== "")
      throw new EncodeFailure(name, `a text of ${bytes.length} bytes and its NUL do not fit ${size}`);
    putBytes(view, at, bytes);
  } else if (value instanceof Uint8Array) {
    writeBytes(view, at, value, size, name);
  } else {
    fail(name, value, "a string, or a Uint8Array");
  }
}

/**
 * Four letters at a time, with one question for all of them: whether a byte of a word is 0 is seen in what it borrows when 1 is taken from
 * each. False when it met another letter: then nothing of use was written.
 */
export function writeAscii(view: DataView, at: number, text: string): boolean {
  const { length } = text;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    const word = a | (b << 8) | (c << 16) | (d << 24);
    if ((a | b | c | d) > 0x7f || ((word - 0x01010101) & ~word & 0x80808080) !== 0) return false;
    view.setInt32(at + i, word, true);
  }
  for (; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0x7f) return false;
    view.setUint8(at + i, code);
  }
  return true;
}

/** Fewer than the array holds are followed by zeros. */
export function writeBytes(view: DataView, at: number, value: unknown, size: number, name: Name): void {
  if (Array.isArray(value)) {
    checkCount(value.length, size, name);
    for (let i = 0; i < value.length; i++) writeU8At(view, at, value[i], i, name);
    return;
  }
  if (!(value instanceof Uint8Array)) fail(name, value, "a Uint8Array");
  checkCount(value.length, size, name);
  putBytes(view, at, value);
}

function writeU8At(view: DataView, at: number, value: unknown, index: number, name: Name): void {
  try {
    writeU8(view, at + index, value, index);
  } catch (failure) {
    throw failureUnder(failure, name);
  }
}

function putBytes(view: DataView, at: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) view.setUint8(at + i, bytes[i]!);
}

export function checkCount(count: number, most: number, name: Name): void {
  if (count > most) throw new EncodeFailure(name, `${count} elements do not fit its ${most}`);
}

/** Elements of an array, from an array or a typed array. */
export function elementsOf(value: unknown, name: Name): ArrayLike<unknown> {
  if (!Array.isArray(value) && (!ArrayBuffer.isView(value) || value instanceof DataView)) fail(name, value, "an array");
  return value as ArrayLike<unknown>;
}

/** Asked once: a getter of an element may make the array longer. */
export function countOf(elements: ArrayLike<unknown>, most: number, name: Name): number {
  const { length } = elements;
  checkCount(length, most, name);
  return length;
}

/** A known name becomes its value; other values are for the enum's integer to judge. */
export function enumValue(values: ReadonlyMap<string, number | bigint>, value: unknown, name: Name): unknown {
  if (typeof value !== "string") return value;
  const found = values.get(value);
  if (found !== undefined) return found;
  const known = [...values.keys()];
  fail(name, value, `one of ${known.slice(0, 8).join(", ")}${known.length > 8 ? ", …" : ""}`);
}

export function checkObject(value: unknown, name: Name): asserts value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    fail(name, value, "an object with its members");
}

/**
 * Refuses members that the type has not, for a misspelt one is a member that is missing: nobody asks of a value that has them all, whatever
 * it has beside them. Counts first: `given` is how many the type has found.
 */
export function checkKeys(value: object, given: number, names: ReadonlySet<string>, name: Name): void {
  let unseen = -given;
  for (const key in value) if (key !== undefined) unseen += 1;
  if (unseen === 0) return;
  for (const key in value) {
    if (names.has(key)) continue;
    const known = [...names].slice(0, 12).join(", ");
    throw failureUnder(
      new EncodeFailure(key, `there is no such member (there are: ${known || "none"}${names.size > 12 ? ", …" : ""})`),
      name,
    );
  }
}

export function ownMember(value: Record<string, unknown>, member: string): unknown {
  return Object.hasOwn(value, member) ? value[member] : undefined;
}

/** Padding goes to the kernel too: it must not carry what stood in the buffer. */
export function zero(view: DataView, at: number, size: number): void {
  if (size > 256) {
    new Uint8Array(view.buffer, view.byteOffset + at, size).fill(0);
    return;
  }
  let i = 0;
  for (; i + 8 <= size; i += 8) view.setFloat64(at + i, 0, true);
  for (; i < size; i++) view.setUint8(at + i, 0);
}
