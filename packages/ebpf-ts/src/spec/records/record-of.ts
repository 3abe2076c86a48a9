import { aSpec, checkMap } from "../check-spec.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";
import { findRecords } from "./find-records.ts";
import type { FoundRecord, RecordOrigin, RecordSaid, RecordVariant } from "./found-record.ts";

/** By the programs that it comes from, which copies of a spec share. */
const found = new WeakMap<readonly unknown[], Map<string, FoundRecord>>();

/** As `recordOf` of `debug/doors.ts`, for a spec whose debug information has its reader. */
export function recordOf(spec: CollectionSpec, map: MapSpec): FoundRecord {
  aSpec(spec, "The spec of recordOf()");
  checkMap(map, "The map of recordOf()");
  const { recordSaid: said } = map;
  if (said !== undefined) return asSaid(said);
  const { btf } = spec;
  const { recordType: type, recordFound: told } = map;
  const by: RecordOrigin = told?.type === type ? told.by : "spec";
  if (btf !== undefined && type !== 0 && by !== "global-pointer")
    return one(spec, { type, by, certainty: "exact" }, map);
  const written = recordsOf(spec).get(map.name);
  // That a global pointer names a struct says more than that there is one.
  const isNamed = btf !== undefined && type !== 0;
  const isWeak = isNamed && written?.variants.every((variant) => variant.by === "struct of its size") === true;
  if (written !== undefined && written.variants.length > 0 && !isWeak) return written;
  if (btf !== undefined && type !== 0) return one(spec, { type, by, certainty: "guess" }, map);
  return (
    written ?? {
      btf: undefined,
      variants: [],
      told: undefined,
      why: map.recordReason ?? "not known: it has no records",
    }
  );
}

function asSaid(said: RecordSaid): FoundRecord {
  const isFunction = typeof said === "function";
  const variants = isFunction ? [] : [{ type: said.type, by: "spec", certainty: "exact", tag: undefined } as const];
  const why = isFunction ? "decoded by a function of the user's" : "named by the user";
  return { btf: isFunction ? undefined : said.btf, variants, told: undefined, why };
}

function one(spec: CollectionSpec, variant: Omit<RecordVariant, "tag">, { recordReason }: MapSpec): FoundRecord {
  const why = variant.by === "spec" ? "named by the user" : (recordReason ?? "named by the spec");
  return { btf: spec.btf, variants: [{ ...variant, tag: undefined }], told: undefined, why };
}

function recordsOf(spec: CollectionSpec): Map<string, FoundRecord> {
  const known = found.get(spec.programs);
  if (known !== undefined) return known;
  const records = findRecords(spec, spec.debug);
  found.set(spec.programs, records);
  const trouble = spec.debug?.trouble;
  if (trouble !== undefined && spec.findings?.includes(trouble) !== true) (spec.findings ??= []).push(trouble);
  return records;
}
