import type { Btf } from "../btf/types.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import type { CollectionSpec, MapSpec, VariableSpec } from "./types.ts";

/** Where programs count the events for which a ring had no room. */
export interface LossCounters {
  /** Names of global variables: integers, or arrays of them. */
  readonly variables: readonly string[];
  /** Names of arrays, also per CPU, of integers; all of their values count. */
  readonly maps: readonly string[];
}

const words = ["lost", "dropped", "lost_events", "dropped_events", "lost_samples", "dropped_samples"] as const;
/** A counter for every element of a larger array would be something else. */
const mostEntries = 1024;

/**
 * Finds, by its name, what counts the refused reservations of a ring, which the kernel does not. First what has the ring's name in its
 * own: `events_lost`, `events__dropped`, `events_lost_samples`, …; else, if the object has no other ring, what is named so
 * altogether: `lost`, `dropped_events`, … Undefined when there is nothing of the kind.
 */
export function findLossCounters(spec: CollectionSpec, ring: string): LossCounters | undefined {
  const own = countersNamed(spec, new Set(words.flatMap((word) => [`${ring}_${word}`, `${ring}__${word}`])));
  if (own !== undefined) return own;
  const rings = spec.maps.filter((map) => mapKind(map.type).ring === "event");
  return rings.length === 1 ? countersNamed(spec, new Set(words)) : undefined;
}

/** What is shared by several rings, so that no single one's loss can be told. */
export function findSharedLossCounters(spec: CollectionSpec): LossCounters | undefined {
  const rings = spec.maps.filter((map) => mapKind(map.type).ring === "event");
  return rings.length > 1 ? countersNamed(spec, new Set(words)) : undefined;
}

function countersNamed(spec: CollectionSpec, names: ReadonlySet<string>): LossCounters | undefined {
  const variables = spec.variables.filter((variable) => names.has(variable.name) && isCount(spec.btf, variable));
  const maps = spec.maps.filter((map) => names.has(map.name) && hasCounts(spec.btf, map));
  if (variables.length + maps.length === 0) return undefined;
  return { variables: variables.map(({ name }) => name), maps: maps.map(({ name }) => name) };
}

/** One that programs cannot write counts nothing. */
function isCount(btf: Btf | undefined, { type, readOnly }: VariableSpec): boolean {
  if (btf === undefined || type === 0 || readOnly) return false;
  const resolved = btf.resolve(type);
  return isInteger(btf, resolved.kind === "array" ? resolved.type : type);
}

/** Without a type, 4 or 8 bytes are an integer. */
function hasCounts(btf: Btf | undefined, { type, maxEntries, keySize, valueSize, valueType }: MapSpec): boolean {
  const { key, value } = mapKind(type);
  if (key !== "index" || value !== "any") return false;
  if (keySize !== 4 || maxEntries < 1 || maxEntries > mostEntries) return false;
  if (btf === undefined || valueType === 0) return valueSize === 4 || valueSize === 8;
  return isInteger(btf, valueType);
}

function isInteger(btf: Btf, type: number): boolean {
  const resolved = btf.resolve(type);
  return resolved.kind === "int" && resolved.encoding !== "bool" && resolved.size <= 8;
}
