import { printInstructions } from "../insn/print.ts";
import { checkSpec } from "./check-spec.ts";
import { referenceNames } from "./reference-names.ts";
import type { CollectionSpec, FunctionSpec, MapSpec } from "./types.ts";

/**
 * A spec as plain JSON values, in a fixed order: code as text, bytes as base64 or, when all are zero, as their
 * number, 64-bit numbers as numbers or, beyond 2^53, as text. What `JSON.stringify` prints of a spec that `parse` gave.
 */
export function specToJson(spec: CollectionSpec): unknown {
  checkSpec(spec);
  return {
    license: spec.license,
    maps: spec.maps.map(mapToJson),
    programs: spec.programs.map(functionToJson),
    functions: spec.functions.map(functionToJson),
    variables: spec.variables,
    btf: withoutBigInts(spec.btf?.toJSON()),
    findings: spec.findings,
  };
}

function mapToJson(map: MapSpec): unknown {
  return {
    ...map,
    mapExtra: withoutBigInts(map.mapExtra),
    recordSaid: undefined,
    inner: map.inner === undefined ? undefined : mapToJson(map.inner),
    contents: map.contents === undefined ? undefined : contentsToJson(map.contents),
  };
}

/** Also within arrays and objects: 64-bit enumerators are bigints. */
function withoutBigInts(value: unknown): unknown {
  if (typeof value === "bigint") return BigInt.asIntN(53, value) === value ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(withoutBigInts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withoutBigInts(entry)]));
}

function functionToJson(fn: FunctionSpec): unknown {
  return { ...fn, instructions: printInstructions(fn.instructions, { names: referenceNames(fn.references) }) };
}

/** Lets `JSON.stringify` print the spec and its maps. The methods are hidden, so that the spec stays plain data. */
export function makePrintable(spec: CollectionSpec): CollectionSpec {
  hide(spec, () => specToJson(spec));
  for (const map of spec.maps) hide(map, () => mapToJson(map));
  return spec;
}

function hide(object: object, toJSON: () => unknown): void {
  Object.defineProperty(object, "toJSON", { value: toJSON, enumerable: false, configurable: true, writable: true });
}

/** `.bss` may have megabytes of zeros. */
function contentsToJson(bytes: Uint8Array): unknown {
  return bytes.every((byte) => byte === 0) ? { zeros: bytes.length } : toBase64(bytes);
}

const CHUNK = 0x3000;

/** In chunks, for the arguments of a call are limited. */
function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  return text;
}
