import { makeEncoder } from "../btf/codec/encoder.ts";
import { aString } from "../base/checks.ts";
import { aSpec } from "./check-spec.ts";
import { EbpfError, ValueError } from "../base/errors.ts";
import type { CollectionSpec, VariableSpec } from "./types.ts";

/** A spec may have been edited: throws BAD_OBJECT for a variable that does not lie within its section, which has `length` bytes. */
export function checkPlace({ name, section, offset, size }: VariableSpec, length: number): void {
  if (offset >= 0 && offset + size <= length) return;
  throw new EbpfError("BAD_OBJECT", `Cannot use variable ${name}: it lies outside of its section ${section}`);
}

/**
 * Gives a global variable its first value, before the collection is loaded: the only time when `const volatile`
 * ones (`.rodata`) can be set.
 */
export function setVariable(spec: CollectionSpec, name: string, value: unknown): void {
  aSpec(spec, "The spec of setVariable()");
  aString(name, "The name of setVariable()");
  const variable = spec.variables.find((candidate) => candidate.name === name);
  if (variable === undefined) {
    const known = spec.variables.map((candidate) => candidate.name).join(", ") || "none";
    throw new EbpfError("NOT_FOUND", `Cannot set variable ${name}: the object has no such variable (it has: ${known})`);
  }
  if (variable.extern !== undefined)
    throw new TypeError(
      `Cannot set variable ${name}: it is a setting of the kernel, which load() takes in the option kconfig`,
    );
  const map = spec.maps.find((candidate) => (candidate.section ?? candidate.name) === variable.section);
  if (map?.contents === undefined) {
    throw new EbpfError("NOT_FOUND", `Cannot set variable ${name}: the object has no section ${variable.section}`);
  }
  checkPlace(variable, map.contents.length);
  map.contents.set(
    named(name, () => encode(spec, name, variable.type, variable.size, value)),
    variable.offset,
  );
}

function named(variable: string, encodeValue: () => Uint8Array): Uint8Array {
  try {
    return encodeValue();
  } catch (error) {
    if (!(error instanceof EbpfError) || error.code !== "BAD_VALUE") throw error;
    throw new ValueError(`Cannot set variable ${variable}`, { variable }, error);
  }
}

function encode(spec: CollectionSpec, name: string, type: number, size: number, value: unknown): Uint8Array {
  const bytes = new Uint8Array(size);
  if (spec.btf !== undefined && type !== 0) {
    makeEncoder(spec.btf, type).encode(value, new DataView(bytes.buffer), 0);
  } else if (value instanceof Uint8Array && value.length === size) {
    bytes.set(value);
  } else {
    throw new EbpfError("BAD_VALUE", `Cannot encode it: it has no BTF type, so it takes a Uint8Array of ${size} bytes`);
  }
  return bytes;
}
