import type { Btf } from "../../btf/types.ts";

/**
 * How the type of a ring's records was found:
 * - `spec`: the user says so, in the spec or as an option;
 * - `definition`: `__type(value, struct event)` in the map's definition;
 * - `record-global`: a global `const struct event *events__record`;
 * - `reserve`: the variable that holds what a program has reserved;
 * - `stack output`: the variable on the stack that is written to the ring;
 * - `global`: the global variable that is written to it;
 * - `map value`: the value of another map, such as scratch memory of each CPU;
 * - `pointer`: what a variable points to that is written to it;
 * - `global-pointer`: the only struct of the right size that any global pointer names;
 * - `local of its size`: the only variable of the right size where the record is written;
 * - `struct of its size`: the only struct of the right size that the source file defines in which the record is written.
 */
export type RecordOrigin =
  | "spec"
  | "definition"
  | "record-global"
  | "reserve"
  | "stack output"
  | "global"
  | "map value"
  | "pointer"
  | "global-pointer"
  | "local of its size"
  | "struct of its size";

/**
 * - `exact`: the type is that of the record, and has its size;
 * - `prefix`: records begin with it; they may be longer, or end before it does;
 * - `guess`: nothing says otherwise.
 */
export type RecordCertainty = "exact" | "prefix" | "guess";

/** A field at the start of records of several types that tells them apart: each program writes a constant there. */
export interface RecordTag {
  /** Bytes from the start of the record, and bytes of the number; little-endian. */
  readonly offset: number;
  readonly size: number;
  /** Unsigned. */
  readonly values: readonly number[];
}

/** One type that records of a ring have. */
export interface RecordVariant {
  /** Id in the table of the {@link FoundRecord}. */
  readonly type: number;
  readonly by: RecordOrigin;
  readonly certainty: RecordCertainty;
  /** Where several are told apart by a tag. */
  readonly tag: RecordTag | undefined;
}

/** What a user says of the records of a ring. */
export type RecordSaid = { readonly btf: Btf; readonly type: number } | ((bytes: Uint8Array) => unknown);

/** What the records of a ring are, and how that was found. */
export interface FoundRecord {
  /** The table that the types stand in: the object's own, or one that was made of its DWARF. Undefined when nothing is known. */
  readonly btf: Btf | undefined;
  /** One type; several, when they can be told apart; none, when records are bytes. */
  readonly variants: readonly RecordVariant[];
  /** How several are told apart; undefined where there is one, or none. */
  readonly told: "size" | "tag" | undefined;
  /** For people: how it was found, or why it is not known, and what to do. */
  readonly why: string;
}
