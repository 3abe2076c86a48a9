import { aSpec, checkMap } from "../check-spec.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";
import { definedPart, findEntries } from "./find-entries.ts";
import type { FoundEntry, FoundPart } from "./found-entry.ts";
import { type Part, sizedParts } from "./sized-parts.ts";

/** By the programs that it comes from, which copies of a spec share. */
const found = new WeakMap<readonly unknown[], Map<string, FoundEntry>>();

/** As `entryOf` of `debug/doors.ts`, for a spec whose debug information has its reader. */
export function entryOf(spec: CollectionSpec, map: MapSpec): FoundEntry {
  aSpec(spec, "The spec of entryOf()");
  checkMap(map, "The map of entryOf()");
  const known = sizedParts(map).length === 0 ? undefined : entriesOf(spec).get(map.name);
  if (known === undefined) return { btf: spec.btf, key: definedPart(map, "key"), value: definedPart(map, "value") };
  return { btf: known.btf, key: fitted(map, "key", known), value: fitted(map, "value", known) };
}

/** A copy of the spec may have another size there. */
function fitted(map: MapSpec, part: Part, entry: FoundEntry): FoundPart {
  if (!sizedParts(map).includes(part)) return definedPart(map, part);
  const { [part]: half, btf } = entry;
  const size = part === "key" ? map.keySize : map.valueSize;
  if (half.type === 0 || btf?.sizeOf(half.type) === size) return half;
  return { type: 0, by: "nothing", why: "not known: the size was changed" };
}

function entriesOf(spec: CollectionSpec): Map<string, FoundEntry> {
  const known = found.get(spec.programs);
  if (known !== undefined) return known;
  const entries = findEntries(spec, spec.debug);
  found.set(spec.programs, entries);
  const trouble = spec.debug?.trouble;
  if (trouble !== undefined && spec.findings?.includes(trouble) !== true) (spec.findings ??= []).push(trouble);
  return entries;
}
