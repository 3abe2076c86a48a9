import type { FunctionSpec } from "../types.ts";
import { recordCalls, type MapCall, type Role } from "./record-calls.ts";
import { isConstant, mapNames } from "./flow/values.ts";

/** A call that makes a record, by its own function alone. */
export interface RecordWriter {
  /** What it can write to, in the words of the table of map kinds. */
  readonly into: Role;
  /** Undefined when it could be any of that type: an argument, an inner map, one of two. */
  readonly map: string | undefined;
  /** Bytes; undefined when that is no constant. */
  readonly size: number | undefined;
  /** For people: `program p, instruction 12`. */
  readonly place: string;
}

/** Every call in the functions that makes a record and can be reached. */
export function findRecordWriters(functions: readonly FunctionSpec[]): RecordWriter[] {
  return functions.flatMap((fn) => recordCalls(fn).map(writerOf));
}

function writerOf({ fn, slot, role, map, size }: MapCall): RecordWriter {
  const names = mapNames(map);
  return {
    into: role,
    map: names.length === 1 ? names[0] : undefined,
    size: isConstant(size) && size.offset > 0 ? size.offset : undefined,
    place: `${fn.name}, instruction ${slot}`,
  };
}
