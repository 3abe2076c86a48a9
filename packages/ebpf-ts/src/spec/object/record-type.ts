import type { Btf, BtfType } from "../../btf/types.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { readRecordSizes } from "./record-sizes.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";

const ANCHOR_SUFFIX = "__record";

/** True for the pointer variables that only exist to name a ring's record type. */
export function isRecordAnchor(name: string): boolean {
  return name.endsWith(ANCHOR_SUFFIX) && name.length > ANCHOR_SUFFIX.length;
}

/**
 * Finds the type of the records of rings and perf event arrays, which neither the kernel nor libbpf asks for. In order:
 * 1. `__type(value, struct event)` in the map's definition (already read with it);
 * 2. a global `const struct event *events__record __attribute__((unused))`, for a map named `events`;
 * 3. the struct that some global pointer names (as bpf2go asks for, to keep a type in the object), when it is the only
 *    one of the size that the programs reserve.
 */
export function findRecordTypes(spec: CollectionSpec): void {
  const { btf } = spec;
  if (btf === undefined) return;
  const unknown = spec.maps.filter((map) => hasRecords(map) && map.recordType === 0);
  if (unknown.length === 0) return;
  const pointers = globalPointers(btf);
  const sizes = readRecordSizes([...spec.programs, ...spec.functions]);
  for (const map of unknown) {
    map.recordType = pointers.get(map.name + ANCHOR_SUFFIX) ?? structOfSize(btf, pointers, sizes.get(map.name)) ?? 0;
  }
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
    if (hasSize(btf, pointee)) pointers.set(variable.name, pointee.id);
  }
  return pointers;
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

function hasSize(btf: Btf, type: BtfType): boolean {
  const { kind } = btf.resolve(type.id);
  return (
    kind !== "void" &&
    kind !== "fwd" &&
    kind !== "func" &&
    kind !== "func_proto" &&
    kind !== "var" &&
    kind !== "decl_tag"
  );
}

function structOfSize(
  btf: Btf,
  pointers: ReadonlyMap<string, number>,
  sizes: ReadonlySet<number> | undefined,
): number | undefined {
  if (sizes?.size !== 1) return undefined;
  const [size] = sizes;
  const matching = [...new Set(pointers.values())].filter((id) => {
    const type = btf.resolve(id);
    return (type.kind === "struct" || type.kind === "union") && type.size === size;
  });
  return matching.length === 1 ? matching[0] : undefined;
}
