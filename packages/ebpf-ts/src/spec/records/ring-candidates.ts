import { mapKind } from "../../kinds/map-kinds.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";
import type { Dwarf } from "../../dwarf/index.ts";
import type { Candidate } from "./candidates.ts";
import type { FunctionPlace } from "./function-place.ts";
import { ObjectCode } from "./object-code.ts";
import type { MapCall } from "./record-calls.ts";
import { RecordRules } from "./rules.ts";
import { recordPaths, type RecordPath } from "./views.ts";

/** A way in which a ring's records are made, and what they are then. */
export interface RingPath {
  readonly path: RecordPath;
  readonly candidate: Candidate | undefined;
}

/** The ways in which programs write each ring, by its name. */
export function ringCandidates(
  spec: CollectionSpec,
  calls: readonly MapCall[],
  places: ReadonlyMap<string, FunctionPlace>,
  dwarf: Dwarf | undefined,
): Map<string, RingPath[]> {
  const code = new ObjectCode(spec, places, dwarf);
  const rules = new RecordRules(spec, code, dwarf);
  const rings = spec.maps.filter(({ type }) => mapKind(type).ring !== undefined);
  const found = new Map<string, RingPath[]>(rings.map(({ name }) => [name, []]));
  for (const path of recordPaths(code, calls)) {
    const candidate = rules.candidate(path);
    for (const ring of targetsOf(spec, rings, path)) found.get(ring)?.push({ path, candidate });
  }
  return found;
}

/** The rings that a record may go to. One that cannot be told may go to all of its kind. */
function targetsOf(spec: CollectionSpec, rings: readonly MapSpec[], { maps, role }: RecordPath): readonly string[] {
  const ofKind = rings.filter(({ type }) => mapKind(type).ring === role).map(({ name }) => name);
  if (maps.length === 0) return ofKind;
  return maps.flatMap((name) => {
    const outer = spec.maps.find((map) => map.name === name);
    return outer?.inner === undefined ? [name] : outer.slots.map((slot) => slot.name);
  });
}
