import { EbpfError } from "../base/errors.ts";
import type { Btf } from "../btf/types.ts";

/**
 * A setting of the kernel as `load()` takes it: `true`, `false`, `"y"`, `"m"` and `"n"` for what is built in, a module, or left out, a
 * number, or a text.
 */
export type KconfigValue = boolean | number | bigint | string;

/** The same as the kernel's configuration has it. */
export type KconfigSetting = "y" | "m" | "n" | bigint | { readonly text: string };

/** What C type an object may give a setting, as libbpf has it. */
export type KconfigType =
  | { readonly kind: "bool" | "tristate" | "text"; readonly size: number }
  | { readonly kind: "integer"; readonly size: number; readonly signed: boolean };

/** Undefined for a type that is none of a setting. */
export function kconfigType(btf: Btf, id: number): KconfigType | undefined {
  const type = btf.resolve(id);
  switch (type.kind) {
    case "int":
      if (type.encoding === "bool") return type.size === 1 ? { kind: "bool", size: 1 } : undefined;
      if (![1, 2, 4, 8].includes(type.size)) return undefined;
      return { kind: "integer", size: type.size, signed: type.encoding === "signed" };
    case "enum":
      return type.size === 4 && type.name === "libbpf_tristate" ? { kind: "tristate", size: 4 } : undefined;
    case "array": {
      const element = btf.resolve(type.type);
      const isText = element.kind === "int" && element.size === 1 && element.encoding !== "bool";
      return isText && type.length > 0 ? { kind: "text", size: type.length } : undefined;
    }
    default:
      return undefined;
  }
}

/** `enum libbpf_tristate` of bpf_helpers.h. */
const tristate = { n: 0, y: 1, m: 2 } as const;

/** The setting as C has it. Throws BAD_VALUE for one that its type cannot hold. */
export function encodeSetting(type: KconfigType, setting: KconfigSetting): Uint8Array {
  const bytes = new Uint8Array(type.size);
  if (typeof setting === "object") putText(bytes, type, setting.text);
  else if (typeof setting === "bigint") putInteger(bytes, type, setting);
  else putState(bytes, type, setting);
  return bytes;
}

function putState(bytes: Uint8Array, { kind, size }: KconfigType, state: "y" | "m" | "n"): void {
  if (kind === "tristate") bytes[0] = tristate[state];
  else if (kind === "bool" && state !== "m") bytes[0] = tristate[state];
  else if (kind === "integer" && size === 1) bytes[0] = state.charCodeAt(0);
  else throw bad(state, state === "m" ? "enum libbpf_tristate or char" : "bool, enum libbpf_tristate or char");
}

/** One that is too long is cut off, with a NUL at its end. */
function putText(bytes: Uint8Array, { kind, size }: KconfigType, text: string): void {
  if (kind !== "text") throw bad(JSON.stringify(text), "an array of char");
  bytes.set(new TextEncoder().encode(text).subarray(0, size - 1));
}

function putInteger(bytes: Uint8Array, type: KconfigType, value: bigint): void {
  const isBool = type.kind === "bool" && (value === 0n || value === 1n);
  if (!isBool && type.kind !== "integer") throw bad(`${value}`, "an integer");
  if (type.kind === "integer" && !fits(type, value)) throw bad(`${value}`, "an integer that can hold it");
  let rest = BigInt.asUintN(64, value);
  for (let at = 0; at < bytes.length; at += 1, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
}

/** Any 64 bits fit 64 bits: the configuration writes negative numbers as they are in memory. */
function fits({ size, signed }: { readonly size: number; readonly signed: boolean }, value: bigint): boolean {
  const bits = size * 8;
  if (bits === 64) return BigInt.asUintN(64, value) === value || BigInt.asIntN(64, value) === value;
  return (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value;
}

function bad(value: string, wanted: string): EbpfError {
  return new EbpfError("BAD_VALUE", `it is ${value}, for which its type must be ${wanted}`);
}

/** What `load()` was given, as a setting: for an array of char any text is its contents. */
export function settingOf(value: KconfigValue, type: KconfigType): KconfigSetting | undefined {
  if (typeof value === "boolean") return value ? "y" : "n";
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (type.kind === "text") return { text: value };
  return value === "y" || value === "m" || value === "n" ? value : undefined;
}
