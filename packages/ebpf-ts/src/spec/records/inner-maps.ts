import type { CollectionSpec, MapSpec } from "../types.ts";
import type { RecordPath } from "./views.ts";

/**
 * The maps that a path leads to, by their names, each with the path as it is told of that map. By way of a map of maps these are the ones that
 * the object puts into it; where it puts none, user space does, and any map of the shape may stand there. None when that cannot be told.
 */
export function mapsReached(spec: CollectionSpec, path: RecordPath): ReadonlyMap<string, RecordPath> {
  const reached = new Map<string, RecordPath>();
  for (const name of path.maps) {
    const outer = path.isInner ? spec.maps.find((map) => map.name === name) : undefined;
    if (outer?.inner === undefined) {
      reached.set(name, path);
      continue;
    }
    const isFilled = outer.slots.length > 0;
    const inner = isFilled ? outer.slots.map((slot) => slot.name) : fitting(spec, outer.inner);
    const place = `${path.place} (through ${name}${isFilled ? "" : ", where it may be put"})`;
    for (const each of inner) if (!reached.has(each)) reached.set(each, { ...path, place });
  }
  return reached;
}

/** As bpf_map_meta_equal() has it (Linux 5.10): how many entries they have room for may differ. Arrays are held to that too, but not before load(). */
function fitting({ maps }: CollectionSpec, inner: MapSpec): string[] {
  return maps.flatMap((map) =>
    map.type === inner.type &&
    map.flags === inner.flags &&
    map.keySize === inner.keySize &&
    map.valueSize === inner.valueSize
      ? [map.name]
      : [],
  );
}
