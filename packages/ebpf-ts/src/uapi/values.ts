import { bigintAt, bitsAt, numberAt, putBigint, putBits, putNumber } from "./fields.ts";
import type { Field, LayoutFields, NumberField, ValuesFor, ValuesOf } from "./layout.ts";

/** Given for a 64-bit field that is none of a number. */
type PutTarget<Target> = (field: NumberField, target: Target) => void;

/** Writes what is named into the struct that begins at `at`. Gives the end of the last field that was written, counted from there. */
export function writeValues<F extends LayoutFields, Target = never>(
  view: DataView,
  at: number,
  fields: F,
  values: ValuesFor<F, Target>,
  putTarget?: PutTarget<Target>,
): number {
  let end = 0;
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const field = fields[name];
    if (field === undefined) throw new TypeError(`The kernel's struct has no field ${name}`);
    if (field.kind === "struct") {
      end = Math.max(end, writeValues(view, at, field.fields, value as never, putTarget));
    } else {
      writeValue(view, at, field, value, putTarget as PutTarget<unknown> | undefined);
      end = Math.max(end, field.end);
    }
  }
  return end;
}

function writeValue(
  view: DataView,
  at: number,
  field: Exclude<Field, { readonly kind: "struct" }>,
  value: unknown,
  putTarget: PutTarget<unknown> | undefined,
): void {
  switch (field.kind) {
    case "text":
    case "bytes":
      // The last byte of a text stays NUL.
      putBytes(view, at + field.at, field.end - field.at - Number(field.kind === "text"), value as Uint8Array);
      break;
    case "bits":
      putBits(view, at, field, value as number);
      break;
    default:
      if (typeof value === "number") putNumber(view, at, field, value);
      else if (typeof value === "bigint") putBigint(view, at, field, value);
      else putTarget?.(field, value);
  }
}

function putBytes(view: DataView, at: number, length: number, bytes: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset + at, length).set(bytes.subarray(0, length));
}

/** Reads all fields of the struct that begins at `at`, those of all parts of a union. */
export function readValues<F extends LayoutFields>(view: DataView, at: number, fields: F): ValuesOf<F> {
  const values = Object.entries(fields).map(([name, field]) => [name, readValue(view, at, field)]);
  return Object.fromEntries(values) as ValuesOf<F>;
}

function readValue(view: DataView, at: number, field: Field): unknown {
  switch (field.kind) {
    case "struct":
      return readValues(view, at, field.fields);
    case "text":
      return textOf(bytesAt(view, at, field));
    case "bytes":
      return bytesAt(view, at, field);
    case "bits":
      return bitsAt(view, at, field);
    case "u64":
    case "s64":
      return bigintAt(view, at, field);
    default:
      return numberAt(view, at, field);
  }
}

/** A copy. */
function bytesAt(view: DataView, at: number, { at: place, end }: Field): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at + place, end - place).slice();
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}
