import { Errno } from "../../../uapi/errno.ts";
import type { Run } from "../machine/run.ts";
import { formatInteger, formatIpv4, formatIpv6, pad, parseFormat, type FormatPart } from "./format.ts";
import { u32, type HelperGroup } from "./helper.ts";
import { readKernelString } from "./probe.ts";
import { readUserString } from "./user-memory.ts";

/** MAX_BPRINTF_VARARGS: arguments of one format. */
const mostArguments = 12;
/** MAX_BPRINTF_BUF: all strings of one format together, and BPF_TRACE_PRINTK_SIZE: what is printed of a text, with its NUL. */
const mostText = 1024;

/** Ours: the kernel goes through a format of any length, of which it prints no more than {@link mostText}. */
const longestFormat = 64 * 1024;
/** What a line costs that is handed out, in instructions. */
const printCost = 256;
/** Characters that take as long to write as an instruction. */
const charactersPerInstruction = 8;

/**
 * Texts are kept one character a byte (latin1) until they are shown, so that lengths are those that C counts.
 * undefined: the kernel refuses the format with -EINVAL.
 */
function format(run: Run, text: string, values: readonly bigint[]): string | undefined {
  run.work(text.length);
  const parts = parseFormat(text, values.length);
  if (parts === undefined) return undefined;
  let next = 0;
  const texts = parts.map((part) => (part.kind === "text" ? part.text : formatValue(run, part, values[next++]!)));
  const written = texts.join("");
  run.work(Math.floor(written.length / charactersPerInstruction));
  return written;
}

function formatValue(run: Run, part: FormatPart & { kind: "value" }, value: bigint): string {
  const { flags, width, conversion, bits } = part;
  switch (conversion) {
    case "d":
    case "u":
    case "x":
    case "X":
      return pad(formatInteger(value, conversion, bits), flags, width, conversion === "d" ? "signed" : "unsigned");
    case "c":
      return pad(String.fromCharCode(Number(value & 0xffn)), flags, width, "none");
    case "s":
    case "pks":
      return pad(latin1(readKernelString(run, value, mostText)), flags, width, "none");
    case "pus":
      return pad(latin1(readUserString(run, value, mostText)), flags, width, "none");
    case "p":
      return pad(value.toString(16).padStart(16, "0"), flags, width, "none");
    case "i4":
    case "I4":
      return pad(formatIpv4(addressBytes(run, value, 4), conversion === "i4"), flags, width, "none");
    case "i6":
    case "I6":
      return pad(formatIpv6(addressBytes(run, value, 16), conversion === "I6" ? ":" : ""), flags, width, "none");
  }
}

/** The kernel reads addresses without faulting: what is not there is zero. */
function addressBytes(run: Run, address: bigint, size: number): Uint8Array {
  const start = Number(address);
  return run.memory.isMapped(start, size) ? run.memory.bytes.slice(start, start + size) : new Uint8Array(size);
}

function latin1(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : String.fromCharCode(...bytes);
}

const decoder = new TextDecoder();

/** What a program printed, as people read it. */
function print(run: Run, text: string): bigint {
  run.work(printCost);
  const bytes = Uint8Array.from(text.slice(0, mostText - 1), (character) => character.charCodeAt(0));
  const origin = { pid: run.task.pid, cpu: run.cpu.index, time: run.host.clock.monotonic() };
  run.host.print(decoder.decode(bytes).replace(/\n$/, ""), origin);
  return BigInt(text.length);
}

/** The arguments of the helpers that take them as an array of u64; undefined for a wrong length. */
function argumentsAt(run: Run, data: bigint, length: bigint): bigint[] | undefined {
  const bytes = u32(length);
  if (bytes % 8 !== 0 || bytes > mostArguments * 8 || (bytes > 0 && data === 0n)) return undefined;
  const copy = run.readable(data, bytes).slice();
  return [...new BigUint64Array(copy.buffer)];
}

/** A format with its length given; undefined when no NUL ends it. */
function sizedFormat(run: Run, address: bigint, size: bigint): string | undefined {
  const bytes = run.readable(address, u32(size));
  const end = bytes.indexOf(0);
  if (end > longestFormat) run.fault(`gave a format of ${end} characters, which may have ${longestFormat}`);
  return end < 0 ? undefined : latin1(bytes.subarray(0, end));
}

const invalid = BigInt(-Errno.EINVAL);

export const traceHelpers: HelperGroup = {
  trace_printk(run, address, size, a, b, c) {
    const form = sizedFormat(run, address, size);
    const text = form === undefined ? undefined : format(run, form, [a, b, c]);
    return text === undefined ? invalid : print(run, text);
  },

  trace_vprintk(run, address, size, data, length) {
    const values = argumentsAt(run, data, length);
    const form = sizedFormat(run, address, size);
    const text = values === undefined || form === undefined ? undefined : format(run, form, values);
    return text === undefined ? invalid : print(run, text);
  },

  /** The length that the whole text takes with its NUL, also when less was written. */
  snprintf(run, to, size, address, data, length) {
    const target = run.writable(to, u32(size));
    const values = argumentsAt(run, data, length);
    const form = readKernelString(run, address, mostText);
    if (form === undefined) return run.fault("gave bpf_snprintf a format that does not end");
    const text = values === undefined ? undefined : format(run, latin1(form), values);
    if (text === undefined) return invalid;
    const written = Math.min(text.length, target.length - 1);
    for (let index = 0; index < written; index++) target[index] = text.charCodeAt(index);
    if (target.length > 0) target[written] = 0;
    return BigInt(text.length + 1);
  },
};
