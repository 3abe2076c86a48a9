/** One part of a format string of bpf_trace_printk and bpf_snprintf (kernel/bpf/helpers.c, bpf_bprintf_prepare). */
export type FormatPart =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "value";
      readonly flags: string;
      /** 0 when none is given. */
      readonly width: number;
      readonly conversion: Conversion;
      /** Bits of an integer: 32, or 64 with `l` or `ll`. */
      readonly bits: 32 | 64;
    };

/** `s` is a kernel string, `pks` and `pus` say whose it is; `i4` to `I6` are addresses of IP addresses. */
export type Conversion = "d" | "u" | "x" | "X" | "c" | "s" | "p" | "pks" | "pus" | "i4" | "I4" | "i6" | "I6";

/** FIELD_WIDTH_MAX. */
const largestWidth = 32767;
const allowed = /^[\t-\r -~]*$/;
const directive = /^([-0+ ]*)([1-9][0-9]*)?(.*)$/s;
const integer = /^(l{0,2})([diuxX])/;
const pointer = /^p([ku]s|[iI][46]|[xKsSB]?)/;
const afterPlainPointer = /^(?:$|[\s!-/:-@[-`{-~])/;

/** The parts of a format for that many values; undefined for what the kernel refuses with -EINVAL. */
export function parseFormat(format: string, values: number): FormatPart[] | undefined {
  if (!allowed.test(format)) return undefined;
  const parts: FormatPart[] = [];
  let rest = format;
  let used = 0;
  while (rest !== "") {
    const at = rest.indexOf("%");
    if (at !== 0) {
      const text = at < 0 ? rest : rest.slice(0, at);
      parts.push({ kind: "text", text });
      rest = rest.slice(text.length);
    } else if (rest[1] === "%") {
      parts.push({ kind: "text", text: "%" });
      rest = rest.slice(2);
    } else {
      const parsed = used++ < values ? parseDirective(rest.slice(1)) : undefined;
      if (parsed === undefined) return undefined;
      parts.push(parsed.part);
      rest = parsed.rest;
    }
  }
  return parts;
}

function parseDirective(text: string): { part: FormatPart; rest: string } | undefined {
  const [, flags = "", width = "0", tail = ""] = directive.exec(text)!;
  const found = conversionOf(tail);
  if (found === undefined) return undefined;
  const part: FormatPart = {
    kind: "value",
    flags,
    width: Math.min(Number(width), largestWidth),
    conversion: found.conversion,
    bits: found.bits,
  };
  return { part, rest: tail.slice(found.length) };
}

function conversionOf(tail: string): { conversion: Conversion; bits: 32 | 64; length: number } | undefined {
  if (tail.startsWith("s") || tail.startsWith("c")) return { conversion: tail[0] as "s" | "c", bits: 64, length: 1 };
  const number = integer.exec(tail);
  if (number !== null) {
    const conversion = (number[2] === "i" ? "d" : number[2]) as Conversion;
    return { conversion, bits: number[1] === "" ? 32 : 64, length: number[0].length };
  }
  const address = pointer.exec(tail);
  if (address === null) return undefined;
  const kind = address[1]!;
  if (kind === "" && !afterPlainPointer.test(tail.slice(1))) return undefined;
  const conversion = (kind.length < 2 ? "p" : kind.endsWith("s") ? `p${kind}` : kind) as Conversion;
  return { conversion, bits: 64, length: address[0].length };
}

/** An integer as printf writes it, before padding; the sign counts to the width. */
export function formatInteger(value: bigint, conversion: "d" | "u" | "x" | "X", bits: 32 | 64): string {
  if (conversion === "d") return BigInt.asIntN(bits, value).toString();
  const text = BigInt.asUintN(bits, value).toString(conversion === "u" ? 10 : 16);
  return conversion === "X" ? text.toUpperCase() : text;
}

/** Applies `+`, space, `-`, `0` and the width. Numbers alone take signs and zeros. */
export function pad(text: string, flags: string, width: number, number: "signed" | "unsigned" | "none"): string {
  let signed = text;
  if (number === "signed" && !text.startsWith("-")) {
    signed = (flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + text;
  }
  if (flags.includes("-")) return signed.padEnd(width);
  if (number === "none" || !flags.includes("0")) return signed.padStart(width);
  const sign = /^[-+ ]/.exec(signed)?.[0] ?? "";
  return sign + signed.slice(sign.length).padStart(width - sign.length, "0");
}

export function formatIpv4(bytes: Uint8Array, leadingZeros: boolean): string {
  return [...bytes].map((byte) => String(byte).padStart(leadingZeros ? 3 : 1, "0")).join(".");
}

/** The kernel's %pI6 (with colons) and %pi6 (without): never shortened. */
export function formatIpv6(bytes: Uint8Array, separator: string): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16).padStart(4, "0"));
  return groups.join(separator);
}
