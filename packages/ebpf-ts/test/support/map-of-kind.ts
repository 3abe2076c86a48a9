import type { MapKind } from "../../src/kinds/map-kinds.ts";
import type { MapSpec } from "../../src/spec/types.ts";
import { MapFlag, MapType } from "../../src/uapi/uapi.gen.ts";

const keySizes: Readonly<Record<MapKind["key"], number>> = {
  index: 4,
  number: 4,
  any: 4,
  prefix: 8,
  cgroup: 8,
  descriptor: 4,
  none: 0,
};
const entries: Readonly<Record<MapKind["counts"], number>> = { entries: 4, bytes: 4096, cpus: 4, pages: 4, nothing: 0 };

/** The smallest map of a kind: values of 8 bytes where it has its own, 4 entries. */
export function mapOfKind(type: number, kind: MapKind): MapSpec {
  const { key, value, memory, counts } = kind;
  const valueSize = value === "any" || value === "stack" ? 8 : value === "none" ? 0 : 4;
  return {
    name: "tested",
    type,
    keySize: keySizes[key],
    valueSize,
    maxEntries: entries[counts],
    flags: memory === "arena" ? MapFlag.MMAPABLE : key === "prefix" || key === "descriptor" ? MapFlag.NO_PREALLOC : 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: "none",
    keyType: 0,
    valueType: 0,
    recordType: 0,
    inner: value === "map" ? inner : undefined,
    slots: [],
    section: undefined,
    contents: undefined,
    readOnly: false,
  };
}

const inner: MapSpec = mapOfKind(MapType.ARRAY, {
  key: "index",
  value: "any",
  counts: "entries",
  memory: "values",
} as MapKind);
