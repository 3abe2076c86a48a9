import { hasValue } from "../../btf/layout.ts";
import type { Btf, BtfType } from "../../btf/types.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import type { RecordOrigin } from "../records/found-record.ts";
import { findRecordWriters, type RecordWriter } from "../records/record-writers.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";

const ANCHOR_SUFFIX = "__record";

/** True for the pointer variables that only exist to name a ring's record type. */
export function isRecordAnchor(name: string): boolean {
  return name.endsWith(ANCHOR_SUFFIX) && name.length > ANCHOR_SUFFIX.length;
}

/**
 * Finds the type of the records of rings and perf event arrays, which neither the kernel nor libbpf asks for, and says why it is
 * believed. In order:
 * 1. `__type(value, struct event)` in the map's definition (already read with it);
 * 2. a global `const struct event *events__record __attribute__((unused))`, for a map named `events`;
 * 3. the struct that some global pointer names (as bpf2go asks for, to keep a type in the object), when it is the only one of the
 *    size that all programs write into that map, on all their ways. A pointer that names another map's records is none of them.
 */
export function findRecordTypes(spec: CollectionSpec): void {
  const maps = spec.maps.filter(hasRecords);
  if (maps.length === 0) return;
  const { btf } = spec;
  if (btf === undefined) {
    for (const map of maps) map.recordReason = "not known: the object has no types";
    return;
  }
  const pointers = globalPointers(btf);
  const candidates = pointersForAll(pointers, spec.maps);
  const writers = findRecordWriters([...spec.programs, ...spec.functions]);
  for (const map of maps) {
    const named = namedBelief(map, pointers);
    const belief = named === undefined ? guess(btf, map, candidates, writers) : checked(btf, map, named, writers);
    map.recordType = belief.recordType;
    map.recordReason = belief.recordReason;
    if (belief.by !== undefined) map.recordFound = { type: belief.recordType, by: belief.by };
  }
}

function namedBelief(map: MapSpec, pointers: ReadonlyMap<string, number>): Belief | undefined {
  if (map.recordType !== 0) return found("definition", map.recordType, "named by the map's definition");
  const anchor = map.name + ANCHOR_SUFFIX;
  const named = pointers.get(anchor);
  return named === undefined ? undefined : found("record-global", named, `named by ${anchor}`);
}

/**
 * A sample of a perf ring is padded, and the padding counts: what is missing of a record that is too short would be read from what stood
 * in the ring before. Other rings tell the length of each record.
 */
function checked(btf: Btf, map: MapSpec, belief: Belief, writers: readonly RecordWriter[]): Belief {
  if (mapKind(map.type).ring !== "perf") return belief;
  const size = btf.sizeOf(belief.recordType);
  const short = writers.find(
    (writer) => writer.into === "perf" && writer.map === map.name && (writer.size ?? size) < size,
  );
  if (short === undefined) return belief;
  const name = btf.nameOf(belief.recordType);
  return unknown(`${belief.recordReason} as ${name} of ${size} bytes, but ${short.place} writes ${short.size} bytes`);
}

interface Belief extends Required<Pick<MapSpec, "recordType" | "recordReason">> {
  readonly by?: RecordOrigin;
}

function found(by: RecordOrigin, recordType: number, recordReason: string): Belief {
  return { by, recordType, recordReason };
}

function unknown(why: string): Belief {
  return { recordType: 0, recordReason: `not known: ${why}` };
}

function hasRecords(map: MapSpec): boolean {
  return mapKind(map.type).ring !== undefined;
}

/** The types that global pointers point to, by the pointer's name. */
function globalPointers(btf: Btf): Map<string, number> {
  const pointers = new Map<string, number>();
  for (let id = 1; id < btf.length; id++) {
    const variable = btf.type(id);
    if (variable.kind !== "var") continue;
    const pointer = btf.resolve(variable.type);
    if (pointer.kind !== "ptr") continue;
    const pointee = withoutQualifiers(btf, pointer.type);
    if (hasValue(btf, pointee.id)) pointers.set(variable.name, pointee.id);
  }
  return pointers;
}

/** Without those that name the records of one map. */
function pointersForAll(pointers: ReadonlyMap<string, number>, maps: readonly MapSpec[]): Map<string, number> {
  const anchors = new Set(maps.map(({ name }) => name + ANCHOR_SUFFIX));
  return new Map([...pointers].filter(([name]) => !anchors.has(name)));
}

/** Typedefs stay, for they may be the only name that the type has. */
function withoutQualifiers(btf: Btf, id: number): BtfType {
  let type = btf.type(id);
  // A chain of qualifiers cannot be longer than the table, unless it goes in circles.
  for (let steps = 0; steps < btf.length; steps++) {
    if (type.kind !== "const" && type.kind !== "volatile" && type.kind !== "restrict" && type.kind !== "type_tag")
      break;
    type = btf.type(type.type);
  }
  return type;
}

function guess(
  btf: Btf,
  map: MapSpec,
  pointers: ReadonlyMap<string, number>,
  writers: readonly RecordWriter[],
): Belief {
  const size = agreedSize(map, writers);
  if (typeof size === "string") return unknown(size);
  const structs = [...pointers].filter(([, id]) => {
    const type = btf.resolve(id);
    return (type.kind === "struct" || type.kind === "union") && type.size === size;
  });
  const types = [...new Set(structs.map(([, id]) => id))];
  const [first] = structs;
  if (first === undefined)
    return unknown(`programs write records of ${size} bytes, no global pointer names such a struct`);
  if (types.length > 1)
    return unknown(
      `${types.map((id) => btf.nameOf(id)).join(" and ")} both have the ${size} bytes that programs write`,
    );
  const why = `guessed: ${first[0]} points to it, and it has the ${size} bytes that all programs write`;
  return found("global-pointer", first[1], why);
}

/** The size of all records that programs make for the map; else why there is none. */
function agreedSize(map: MapSpec, writers: readonly RecordWriter[]): number | string {
  const { ring } = mapKind(map.type);
  if (ring === "user") return `user space writes it, and no ${map.name}${ANCHOR_SUFFIX} names them`;
  const own = writers.filter((writer) => writer.into === ring && (writer.map ?? map.name) === map.name);
  const stray = own.find((writer) => writer.map === undefined);
  if (stray !== undefined) return `${stray.place} writes into a map that cannot be told, perhaps this one`;
  const unsized = own.find((writer) => writer.size === undefined);
  if (unsized !== undefined) return `${unsized.place} writes records whose size is no constant`;
  const sizes = [...new Set(own.map((writer) => writer.size!))].sort((a, b) => a - b);
  const [size] = sizes;
  if (size === undefined) return "no program of the object writes into it";
  return sizes.length === 1 ? size : `programs write records of ${sizes.join(" and ")} bytes`;
}
