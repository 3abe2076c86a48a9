import { mapKind } from "../../kinds/map-kinds.ts";
import type { Btf } from "../../btf/types.ts";
import type { Dwarf } from "../../dwarf/index.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";
import type { Candidate } from "./candidates.ts";
import type { DebugInfo } from "../debug/debug-info.ts";
import type { FoundRecord, RecordVariant } from "./found-record.ts";
import { noDebug } from "./no-debug.ts";
import { recordCalls } from "./record-calls.ts";
import { recordLength } from "./record-length.ts";
import { ringCandidates, type RingPath } from "./ring-candidates.ts";
import { findTags } from "./tags.ts";
import { typeKey } from "./type-key.ts";
import { TypeTables } from "./type-table.ts";
import type { RecordPath } from "./views.ts";

/** What programs write into each ring, by its name. Debug information that is broken tells nothing, and says why (`trouble`). */
export function findRecords(spec: CollectionSpec, debug: DebugInfo | undefined): Map<string, FoundRecord> {
  const calls = [...spec.programs, ...spec.functions].flatMap(recordCalls);
  const places = debug?.places ?? new Map();
  const find = (dwarf?: Dwarf): Map<string, FoundRecord> =>
    foundIn(spec, ringCandidates(spec, calls, places, dwarf), dwarf);
  return debug?.tryRead(find) ?? find();
}

/** A type, by its id, and the ways in which it is written. */
interface Claim {
  readonly type: number;
  readonly candidate: Candidate;
  readonly paths: RecordPath[];
}

function foundIn(
  spec: CollectionSpec,
  rings: ReadonlyMap<string, readonly RingPath[]> | string,
  dwarf: Dwarf | undefined,
): Map<string, FoundRecord> {
  if (typeof rings === "string") return allUnknown(spec, rings);
  const tables = new TypeTables(spec.btf, dwarf);
  const ids = new Map<RingPath, number | undefined>();
  for (const paths of rings.values()) {
    for (const path of paths) ids.set(path, path.candidate && tables.add(path.candidate));
  }
  const btf = tables.finish();
  const found = new Map<string, FoundRecord>();
  for (const map of spec.maps) {
    const paths = rings.get(map.name);
    if (paths === undefined) continue;
    const sound = (path: RingPath): number | undefined => {
      const id = ids.get(path);
      return id !== undefined && btf !== undefined && tables.isSound(btf, id, path.candidate!) ? id : undefined;
    };
    const record = judge(map, btf, paths, sound);
    // Stripped objects are told from those that nothing can be known of.
    const isStripped = dwarf === undefined && paths.length > 0 && record.variants.length === 0;
    found.set(map.name, isStripped ? { ...record, why: `${record.why}; ${noDebug}` } : record);
  }
  return found;
}

/** Who writes what is not seen, and would have a word in it. */
function allUnknown({ maps }: CollectionSpec, why: string): Map<string, FoundRecord> {
  const rings = maps.filter(({ type }) => mapKind(type).ring !== undefined);
  return new Map(rings.map(({ name }) => [name, unknown(why)]));
}

function judge(
  map: MapSpec,
  btf: Btf | undefined,
  paths: readonly RingPath[],
  idOf: (path: RingPath) => number | undefined,
): FoundRecord {
  if (btf === undefined) return unknown("the object has neither BTF nor DWARF");
  if (mapKind(map.type).ring === "user") return unknown(`user space writes it, and no ${map.name}__record names them`);
  if (paths.length === 0) return unknown("no program of the object writes into it");
  const claims = new Map<string, Claim>();
  const silent: RecordPath[] = [];
  for (const ringPath of paths) {
    const { path, candidate } = ringPath;
    const type = idOf(ringPath);
    if (type === undefined || candidate === undefined) {
      silent.push(path);
      continue;
    }
    const key = typeKey(btf, type);
    const claim = claims.get(key);
    if (claim === undefined) claims.set(key, { type, candidate, paths: [path] });
    else claims.set(key, { ...claim, candidate: weaker(claim.candidate, candidate), paths: [...claim.paths, path] });
  }
  return settle(map, btf, [...claims.values()], silent);
}

const strength = { exact: 2, prefix: 1, guess: 0 } as const;

function weaker(a: Candidate, b: Candidate): Candidate {
  return strength[b.certainty] < strength[a.certainty] ? b : a;
}

function settle(map: MapSpec, btf: Btf, claims: readonly Claim[], silent: readonly RecordPath[]): FoundRecord {
  const [only] = claims;
  const [quiet] = silent;
  if (only === undefined) return unknown(`nothing tells what ${quiet!.place} writes`);
  const other = silent.find(({ size }) => size === undefined || !claims.some(({ type }) => btf.sizeOf(type) === size));
  if (other !== undefined) return unknown(`nothing tells what ${other.place} writes, beside ${namesOf(btf, claims)}`);
  // What is not known has the size of something that is.
  const sure = quiet === undefined ? claims : claims.map((claim) => asGuess(claim));
  if (sure.length === 1) return { btf, variants: [variantOf(sure[0]!)], told: undefined, why: whyOf(sure[0]!) };
  return several(map, btf, sure);
}

function asGuess(claim: Claim): Claim {
  return { ...claim, candidate: { ...claim.candidate, certainty: "guess" } };
}

function several(map: MapSpec, btf: Btf, claims: readonly Claim[]): FoundRecord {
  const why = claims.map((claim) => whyOne(btf, claim)).join("; ");
  if (toldBySize(map, btf, claims)) {
    return { btf, variants: claims.map((claim) => variantOf(claim)), told: "size", why: `told apart by size: ${why}` };
  }
  const tags = findTags(btf, claims);
  if (tags === undefined) return unknown(`${namesOf(btf, claims)} cannot be told apart: ${why}`);
  const variants = claims.map((claim, index) => ({ ...variantOf(claim), tag: tags[index] }));
  return { btf, variants, told: "tag", why: `told apart by the number at byte ${tags[0]!.offset}: ${why}` };
}

/** Samples of perf rings are padded: only what differs then counts. */
function toldBySize(map: MapSpec, btf: Btf, claims: readonly Claim[]): boolean {
  if (claims.some(({ candidate }) => candidate.certainty === "prefix")) return false;
  const sizes = claims.map(({ type }) => recordLength(map, btf.sizeOf(type)));
  return new Set(sizes).size === sizes.length;
}

function variantOf({ type, candidate }: Claim): RecordVariant {
  return { type, by: candidate.by, certainty: candidate.certainty, tag: undefined };
}

function unknown(why: string): FoundRecord {
  return { btf: undefined, variants: [], told: undefined, why: `not known: ${why}` };
}

function namesOf(btf: Btf, claims: readonly Claim[]): string {
  return claims.map(({ type }) => btf.nameOf(type)).join(" and ");
}

const words: Readonly<Record<Candidate["by"], string>> = {
  spec: "as the user says",
  definition: "named by the map's definition",
  "record-global": "named by a global",
  reserve: "reserved by",
  "stack output": "written from the stack by",
  global: "a global variable, written by",
  "map value": "the value of another map, written by",
  pointer: "what a pointer points to, written by",
  "global-pointer": "the only struct of the size that a global pointer names, written by",
  "local of its size": "the only variable of the size in",
  "struct of its size": "the only struct of the size in the source of",
};

function whyOf({ candidate, paths }: Claim): string {
  const [first, ...others] = paths;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const text = `${words[candidate.by]} ${first!.place}${more}`;
  if (candidate.certainty === "guess") return `guessed: ${text}`;
  return candidate.certainty === "prefix" ? `${text}, whose records begin with it` : text;
}

function whyOne(btf: Btf, claim: Claim): string {
  return `${btf.nameOf(claim.type)}, ${whyOf(claim)}`;
}
