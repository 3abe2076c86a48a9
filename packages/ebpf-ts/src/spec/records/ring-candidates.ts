import { mapKind } from "../../kinds/map-kinds.ts";
import type { CollectionSpec } from "../types.ts";
import type { Dwarf } from "../../dwarf/index.ts";
import type { Candidate } from "./candidates.ts";
import type { FunctionPlace } from "./function-place.ts";
import { ObjectCode } from "./object-code.ts";
import { mapsReached } from "./inner-maps.ts";
import type { MapCall } from "./record-calls.ts";
import { RecordRules } from "./rules.ts";
import { mostPaths, recordPaths, type RecordPath, tooManyPaths } from "./views.ts";

/** A way in which a ring's records are made, and what they are then. */
export interface RingPath {
  readonly path: RecordPath;
  readonly candidate: Candidate | undefined;
}

/** The ways in which programs write each ring, by its name; or why not all of them are known. */
export function ringCandidates(
  spec: CollectionSpec,
  calls: readonly MapCall[],
  places: ReadonlyMap<string, FunctionPlace>,
  dwarf: Dwarf | undefined,
): Map<string, RingPath[]> | string {
  const code = new ObjectCode(spec, places, dwarf);
  const rules = new RecordRules(spec, code, dwarf);
  const rings = spec.maps.filter(({ type }) => mapKind(type).ring !== undefined);
  const found = new Map<string, RingPath[]>(rings.map(({ name }) => [name, []]));
  const paths = recordPaths(code, calls);
  if (paths.length >= mostPaths) return tooManyPaths;
  for (const path of paths) {
    const candidate = rules.candidate(path);
    // One that cannot be told may go to all of its kind.
    if (path.maps.length === 0)
      for (const { name, type } of rings)
        if (mapKind(type).ring === path.role) found.get(name)!.push({ path, candidate });
    for (const [ring, own] of mapsReached(spec, path)) found.get(ring)?.push({ path: own, candidate });
  }
  return found;
}
