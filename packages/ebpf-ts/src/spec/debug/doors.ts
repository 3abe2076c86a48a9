/** For those who ask at once, rather than after a load: debug information is read when it is needed. */
import { aSpec } from "../check-spec.ts";
import * as entries from "../entries/entry-of.ts";
import type { FoundEntry } from "../entries/found-entry.ts";
import type { FoundRecord } from "../records/found-record.ts";
import * as records from "../records/record-of.ts";
import * as choices from "../records/said/say-records.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";
import { readDebug } from "./read-debug.ts";

/**
 * What the records of a ring or perf event array are, and how that was found. In order: what the map says in the spec (`recordType`, which
 * the map's definition or a global has named); what its programs write, by their variables in DWARF, by global variables and values of maps;
 * a struct that a global pointer names, when nothing else has the size. DWARF is read when it is first needed. What is wrong with it is
 * added to the findings of the spec.
 */
export function recordOf(spec: CollectionSpec, map: MapSpec): FoundRecord {
  aSpec(spec, "The spec of recordOf()");
  readDebug(spec);
  return records.recordOf(spec, map);
}

/**
 * What the keys and values of a map are, and how that was found: as its definition says (`__type`), or, where that gives sizes alone
 * (`__uint(value_size, …)`), what all programs of the object pass to it and take from it, when that has one type of that size. DWARF is
 * read for maps of the second kind. What is wrong with it is added to the findings of the spec.
 */
export function entryOf(spec: CollectionSpec, map: MapSpec): FoundEntry {
  aSpec(spec, "The spec of entryOf()");
  readDebug(spec);
  return entries.entryOf(spec, map);
}

/**
 * A spec whose rings have the records that a user says; the one that is given stays as it is. Throws NOT_FOUND for unknown
 * names, and BAD_VALUE for a type that is larger than all that the programs write.
 */
export function sayRecords(spec: CollectionSpec, said: Readonly<Record<string, choices.RecordChoice>>): CollectionSpec {
  aSpec(spec, "The spec of sayRecords()");
  readDebug(spec);
  return choices.sayRecords(spec, said);
}
