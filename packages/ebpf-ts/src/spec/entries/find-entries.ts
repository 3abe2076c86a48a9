import type { Btf } from "../../btf/types.ts";
import type { Dwarf } from "../../dwarf/index.ts";
import { partsAt } from "../records/btf-parts.ts";
import type { Candidate } from "../records/candidates.ts";
import type { DebugInfo } from "../debug/debug-info.ts";
import type { FunctionPlace } from "../records/function-place.ts";
import { mapsReached } from "../records/inner-maps.ts";
import { noDebug } from "../records/no-debug.ts";
import { ObjectCode } from "../records/object-code.ts";
import { RecordRules } from "../records/rules.ts";
import { typeKey } from "../records/type-key.ts";
import { TypeTables } from "../records/type-table.ts";
import { mostPaths, recordPaths, type RecordPath, tooManyPaths } from "../records/views.ts";
import type { CollectionSpec, MapSpec } from "../types.ts";
import { entryCalls, isObscure } from "./entry-calls.ts";
import type { FoundEntry, FoundPart } from "./found-entry.ts";
import { type Part, sizedParts } from "./sized-parts.ts";

/**
 * What programs keep in each map whose definition gives no type for its keys or values, by its name. Debug information that is broken tells
 * nothing, and says why (`trouble`).
 */
export function findEntries(spec: CollectionSpec, debug: DebugInfo | undefined): Map<string, FoundEntry> {
  const places = debug?.places ?? new Map();
  const find = (dwarf?: Dwarf): Map<string, FoundEntry> => foundIn(spec, places, dwarf);
  return debug?.tryRead(find) ?? find();
}

/** Something that says what a part of a map's entries is: a key or value that is passed, or a value that is taken. */
interface Word {
  readonly path: RecordPath;
  readonly candidates: readonly Candidate[];
}

function foundIn(
  spec: CollectionSpec,
  places: ReadonlyMap<string, FunctionPlace>,
  dwarf: Dwarf | undefined,
): Map<string, FoundEntry> {
  const words = new Words(spec, places, dwarf);
  const tables = new TypeTables(spec.btf, dwarf);
  const ids = new Map<Candidate, number | undefined>();
  for (const { candidates } of words.all) for (const each of candidates) ids.set(each, tables.add(each));
  const btf = tables.finish();
  const idOf = (candidate: Candidate): number | undefined => {
    const id = ids.get(candidate);
    return id !== undefined && btf !== undefined && tables.isSound(btf, id, candidate) ? id : undefined;
  };
  const found = new Map<string, FoundEntry>();
  for (const map of spec.maps) {
    const part = (which: Part): FoundPart => {
      if (!sizedParts(map).includes(which)) return definedPart(map, which);
      const judged = words.trouble ?? judge(btf, words.of(map, which), words.unfollowed(map), which, idOf);
      if (typeof judged !== "string") return judged;
      return { type: 0, by: "nothing", why: `not known: ${judged}${dwarf === undefined ? `; ${noDebug}` : ""}` };
    };
    found.set(map.name, { btf, key: part("key"), value: part("value") });
  }
  return found;
}

/** As the map's definition says. */
export function definedPart(map: MapSpec, which: Part): FoundPart {
  const type = which === "key" ? map.keyType : map.valueType;
  if (type === 0) return { type, by: "kernel", why: "the kernel's own" };
  return { type, by: "definition", why: "named by the map's definition" };
}

/** What all calls of an object say of its maps. */
class Words {
  readonly all: Word[] = [];
  /** Why nothing can be believed. */
  readonly trouble: string | undefined;
  readonly #byPart = new Map<string, Word[]>();
  /** Names of functions, by the maps that they refer to. */
  readonly #unfollowed = new Map<string, string>();
  readonly #rules: RecordRules;

  constructor(spec: CollectionSpec, places: ReadonlyMap<string, FunctionPlace>, dwarf: Dwarf | undefined) {
    const code = new ObjectCode(spec, places, dwarf);
    this.#rules = new RecordRules(spec, code, dwarf);
    const calls = [...spec.programs, ...spec.functions].flatMap((fn) => {
      const own = entryCalls(fn);
      if (!isObscure(fn, own)) return own;
      for (const each of fn.references) if (each.kind === "map") this.#unfollowed.set(each.map, fn.name);
      return own;
    });
    const paths = recordPaths(code, calls);
    if (paths.length >= mostPaths) this.trouble = tooManyPaths;
    else for (const path of paths) this.#hear(spec, path);
  }

  of(map: MapSpec, part: Part): readonly Word[] {
    return this.#byPart.get(`${part} ${map.name}`) ?? [];
  }

  unfollowed({ name }: MapSpec): string | undefined {
    return this.#unfollowed.get(name);
  }

  /** Where the map cannot be told, it may be any, if what is passed has the size. */
  #hear(spec: CollectionSpec, path: RecordPath): void {
    const { role, maps } = path;
    if (role !== "key" && role !== "value") return;
    const reached = mapsReached(spec, path);
    for (const map of spec.maps) {
      const own = maps.length === 0 ? path : reached.get(map.name);
      if (own === undefined || !sizedParts(map).includes(role)) continue;
      const candidates = this.#rules.certain(own, sizeOf(map, role));
      if (maps.length > 0 || candidates.length > 0) this.#add(`${role} ${map.name}`, { path: own, candidates });
    }
  }

  #add(part: string, word: Word): void {
    this.all.push(word);
    const known = this.#byPart.get(part);
    if (known === undefined) this.#byPart.set(part, [word]);
    else known.push(word);
  }
}

function sizeOf({ keySize, valueSize }: MapSpec, part: Part): number {
  return part === "key" ? keySize : valueSize;
}

/** A type, and what says so. */
interface Claim {
  readonly type: number;
  readonly by: Word[];
}

/** The type that everything says; else why it is not believed. */
function judge(
  btf: Btf | undefined,
  words: readonly Word[],
  unfollowed: string | undefined,
  part: Part,
  idOf: (candidate: Candidate) => number | undefined,
): FoundPart | string {
  if (unfollowed !== undefined) return `${unfollowed} cannot be followed`;
  const claims = new Map<string, Claim>();
  let quiet: Word | undefined;
  for (const word of words) {
    const ids = word.candidates.flatMap((candidate) => idOf(candidate) ?? []);
    // A value that is looked up and not used, or only compared with 0, says nothing of its type.
    if (ids.length === 0 && !word.path.isTaken) quiet ??= word;
    for (const type of ids) claim(claims, typeKey(btf!, type), type, word);
  }
  const [first, second] = outermost(btf, claims);
  if (first === undefined) {
    const [any] = words;
    return any === undefined ? `no program of the object has a ${part} of it` : `nothing tells what ${tell(any)}`;
  }
  if (second !== undefined)
    return [first, second].map(({ type, by }) => `${btf!.nameOf(type)} is what ${tell(by[0]!)}`).join(", ");
  if (quiet !== undefined) return `nothing tells what ${tell(quiet)}, beside ${btf!.nameOf(first.type)}`;
  const more = first.by.length === 1 ? "" : ` and ${first.by.length - 1} more`;
  return { type: first.type, by: "programs", why: `what ${tell(first.by[0]!)}${more}` };
}

function claim(claims: Map<string, Claim>, key: string, type: number, word: Word): void {
  const known = claims.get(key);
  if (known === undefined) claims.set(key, { type, by: [word] });
  else if (known.by.at(-1) !== word) known.by.push(word);
}

/** A struct whose first member is all of it is known by that too: what says the member agrees. */
function outermost(btf: Btf | undefined, claims: ReadonlyMap<string, Claim>): Claim[] {
  const inner = new Set<string>();
  for (const { type } of claims.values()) {
    const own = typeKey(btf!, type);
    for (const each of partsAt(btf!, type, 0)) if (typeKey(btf!, each) !== own) inner.add(typeKey(btf!, each));
  }
  const outer = [...claims].filter(([key]) => !inner.has(key)).map(([, each]) => each);
  const [only] = outer;
  if (only === undefined || outer.length > 1) return outer;
  return [{ type: only.type, by: [...claims.values()].flatMap(({ by }) => by) }];
}

function tell({ path }: Word): string {
  return `${path.place} ${path.isTaken ? "takes" : "passes"}`;
}
