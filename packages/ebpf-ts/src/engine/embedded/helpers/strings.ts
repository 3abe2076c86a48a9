import { Errno } from "../../../uapi/errno.ts";
import type { Run } from "../machine/run.ts";
import type { HelperGroup } from "./helper.ts";
import { u32 } from "./helper.ts";
import { readKernelString } from "./probe.ts";

const baseMask = 0x1fn;
/** How many are looked at of a number with its white space. */
const mostCharacters = 4096;
/** Characters of a text that take as long as an instruction does. */
const charactersPerInstruction = 8;
/** After so many of them the budget and the clock are looked at. */
const block = 8192;
/** The kernel copies at most 63 characters of a number. */
const longestNumber = 63;
const whiteSpace = /^[\t-\r \xa0]*/;

interface ParsedNumber {
  readonly negative: boolean;
  readonly magnitude: bigint;
  /** Characters taken. */
  readonly consumed: number;
}

/** What strtol and strtoul share; a number is a negative errno. */
function parseNumber(run: Run, buffer: bigint, length: bigint, flags: bigint): ParsedNumber | number {
  const base = Number(flags & baseMask);
  if (length === 0n || (flags & ~baseMask) !== 0n || ![0, 8, 10, 16].includes(base)) return -Errno.EINVAL;
  const bytes = run.readable(buffer, Number(length)).slice(0, mostCharacters);
  run.work(Math.floor(bytes.length / charactersPerInstruction));
  const text = String.fromCharCode(...bytes);
  const start = whiteSpace.exec(text)![0].length;
  const negative = text[start] === "-";
  const from = start + (negative ? 1 : 0);
  const number = text.slice(from, from + longestNumber);
  const { prefix, radix } = radixOf(number, base);
  const digits = digitsOf[radix]!.exec(number.slice(prefix))![0];
  if (digits === "") return -Errno.EINVAL;
  const magnitude = valueOf(digits, radix);
  if (magnitude >= 1n << 64n) return -Errno.ERANGE;
  return { negative, magnitude, consumed: from + prefix + digits.length };
}

const digitsOf: Readonly<Record<number, RegExp>> = { 8: /^[0-7]*/, 10: /^[0-9]*/, 16: /^[0-9a-f]*/i };

function radixOf(text: string, base: number): { prefix: number; radix: number } {
  if (base === 0) {
    if (/^0x[0-9a-f]/i.test(text)) return { prefix: 2, radix: 16 };
    return { prefix: 0, radix: text.startsWith("0") ? 8 : 10 };
  }
  return { prefix: base === 16 && /^0x/i.test(text) ? 2 : 0, radix: base };
}

function valueOf(digits: string, radix: number): bigint {
  if (radix === 10) return BigInt(digits);
  return BigInt((radix === 16 ? "0x" : "0o") + digits);
}

function store(run: Run, to: bigint, value: bigint): void {
  const bytes = run.writable(to, 8);
  new DataView(bytes.buffer, bytes.byteOffset, 8).setBigInt64(0, BigInt.asIntN(64, value), true);
}

export const stringHelpers: HelperGroup = {
  strtol(run, buffer, length, flags, result) {
    const parsed = parseNumber(run, buffer, length, flags);
    if (typeof parsed === "number") return BigInt(parsed);
    const value = parsed.negative ? -parsed.magnitude : parsed.magnitude;
    if (BigInt.asIntN(64, value) !== value) return BigInt(-Errno.ERANGE);
    store(run, result, value);
    return BigInt(parsed.consumed);
  },

  strtoul(run, buffer, length, flags, result) {
    const parsed = parseNumber(run, buffer, length, flags);
    if (typeof parsed === "number") return BigInt(parsed);
    if (parsed.negative) return BigInt(-Errno.EINVAL);
    store(run, result, parsed.magnitude);
    return BigInt(parsed.consumed);
  },

  /** -1, 0 or 1, as the kernel's own strncmp says it. */
  strncmp(run, first, size, second) {
    const length = u32(size);
    const a = run.readable(first, length);
    const text = readKernelString(run, second, length);
    if (text === undefined) return run.fault("gave bpf_strncmp a second string that does not end");
    for (let index = 0; index < length; index++) {
      if (index % block === block - 1) run.work(block / charactersPerInstruction);
      const left = a[index]!;
      const right = text[index] ?? 0;
      if (left !== right) return left < right ? -1n : 1n;
      if (left === 0) break;
    }
    return 0n;
  },
};
