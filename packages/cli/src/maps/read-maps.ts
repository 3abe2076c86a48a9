import { setImmediate as nextTurn } from "node:timers/promises";
import type { BpfMap, Collection } from "ebpf-ts";
import { entryOf, type FoundEntry, mapKind, type MapSpec } from "ebpf-ts/spec";
import { Top } from "./top.ts";
import { isZero, readable, sumOf } from "./values.ts";

/** What is read of a map: some of its entries. */
export interface MapContents {
  readonly name: string;
  /** BTF ids, and their table; 0 where they are not known. */
  readonly btf: FoundEntry["btf"];
  readonly keyType: number;
  readonly valueType: number;
  /** Largest values first; of arrays that are shown whole in their order. */
  readonly entries: readonly ShownEntry[];
  /** How many more there are, zeros of arrays not counted. */
  readonly more: number;
  /** Every entry's value is an array of all CPUs' values. */
  readonly perCpu: boolean;
  readonly isArray: boolean;
}

export interface ShownEntry {
  /** Undefined of a global variable that is no array. */
  readonly key?: unknown;
  readonly value: unknown;
}

export interface ReadMapOptions {
  /** Entries of each map. */
  readonly top: number;
  /** The values of CPUs apart. */
  readonly perCpu: boolean;
}

/** Between two turns of the event loop. */
const entriesInARow = 4096;
/** More slots than a histogram has. */
const mostSlots = 1024;

/** The maps that programs fill for people to see; not those of globals, of other maps, programs, sockets, and the like. */
export function shownMaps({ spec, maps }: Collection): MapSpec[] {
  const records = new Set(spec.maps.map(({ recordType }) => resolved(spec.btf, recordType)).filter((id) => id !== 0));
  return spec.maps.filter((map) => {
    const { noun, key, value } = mapKind(map.type);
    if (map.section !== undefined || !maps.has(map.name) || noun !== "bpf-map" || value !== "any") return false;
    // Local storage: nobody can list the tasks, sockets or files that have some.
    if (key === "descriptor") return false;
    // An array of one, as large as a record: where programs put records together.
    return !(key === "index" && map.maxEntries === 1 && records.has(resolved(spec.btf, map.valueType)));
  });
}

function resolved(btf: Collection["spec"]["btf"], id: number): number {
  return btf === undefined || id === 0 ? 0 : btf.resolve(id).id;
}

/** Undefined when it is given up, which `isOver` says. */
export async function readMap(
  bpf: Collection,
  spec: MapSpec,
  options: ReadMapOptions,
  isOver: () => boolean,
): Promise<MapContents | undefined> {
  const { key, perCpu } = mapKind(spec.type);
  const isArray = key === "index";
  // All slots, should it be a histogram.
  const top = new Top<ShownEntry>(isArray && spec.maxEntries <= mostSlots ? mostSlots : options.top);
  let seen = 0;
  for (const [entryKey, stored] of bpf.map(spec.name) as BpfMap) {
    seen += 1;
    if (seen % entriesInARow === 0) await nextTurn();
    if (isOver()) return undefined;
    const values = perCpu ? (stored as unknown[]).map(readable) : [readable(stored)];
    if (isArray && values.every(isZero)) continue;
    const sum = sumOf(values);
    top.add({ key: readable(entryKey), value: perCpu && options.perCpu ? values : sum }, sum);
  }
  const entries = top.values(isArray);
  const { btf, key: keyPart, value: valuePart } = entryOf(bpf.spec, spec);
  return {
    name: spec.name,
    btf,
    keyType: keyPart.type,
    valueType: valuePart.type,
    entries,
    more: top.count - entries.length,
    perCpu: perCpu && options.perCpu,
    isArray,
  };
}
