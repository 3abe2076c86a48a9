import { checkOptions, type Checks } from "../base/check-options.ts";
import { aBoolean, anObject, aPath, type Check, integer, wrongKind } from "../base/checks.ts";
import { NotSupportedError } from "../base/errors.ts";
import type { EngineName } from "../engine/engine-name.ts";
import type { EngineMap } from "../engine/map.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import { engineMapOf } from "../map/engine-map-of.ts";
import { withMembers } from "../spec/struct-ops/set-members.ts";
import type { CollectionSpec, MapSpec } from "../spec/types.ts";
import { find } from "./find.ts";

/** A map of any kind that is open: a `BpfMap`, a `RingBuf`, … */
export interface LiveMap {
  readonly name: string;
  /** Keeps it alive under a path of a bpffs. */
  pin(path: string): void;
  /** Takes that away. */
  unpin(): void;
  /** Lets go of it. */
  close(): void;
}

/** How one map of an object is loaded. */
export interface MapOptions {
  /** In place of what the object says (BPF_MAP_CREATE's max_entries). Bytes, for rings. */
  readonly maxEntries?: number | undefined;
  /** Where it is pinned in a bpf file system; one of the same shape that is pinned there already is used again (kernel engine). */
  readonly pinPath?: string | undefined;
  /** A map that is open, or the path of one that is pinned: it stands for the object's, and must be of the same shape (kernel engine). */
  readonly reuse?: LiveMap | string | undefined;
  /**
   * Whether it is made (kernel engine): a program that comes to use one that is not is refused, so that it asks a variable first. Of struct_ops its
   * programs are loaded with it; by default it is made, unless its section begins with a question mark.
   */
  readonly load?: boolean | undefined;
  /** Of struct_ops: whether `attach()` of the collection attaches it; by default it does. */
  readonly attach?: boolean | undefined;
  /**
   * Of struct_ops: members of its struct, by name, in place of what the object gives them: values, such as `{ name: "mine" }`; of functions, the name of
   * a program, or null for none.
   */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
}

const aMapOrPath: Check = (value, what) => {
  if (typeof value === "string") aPath(value, what);
  else if (engineMapOf(value) === undefined) throw wrongKind(what, "an open map, or the path of a pinned one", value);
};

const checks: Checks<MapOptions> = {
  maxEntries: integer(0, 0xffff_ffff),
  pinPath: aPath,
  reuse: aMapOrPath,
  load: aBoolean,
  attach: aBoolean,
  members: anObject,
};

/** The check of options by map. */
export const mapsOption: Check = (value, what) => {
  anObject(value, what);
  for (const [name, options] of Object.entries(value as object)) checkOptions(options, checks, `map ${name} of load()`);
};

type Given = Readonly<Record<string, MapOptions>>;

/** The spec stays as it was given. */
export function withMaps(spec: CollectionSpec, given: Given): CollectionSpec {
  for (const name of Object.keys(given)) find(spec.maps, name, "map");
  if (Object.keys(given).length === 0) return spec;
  const maps = spec.maps.map((map) => {
    const options: MapOptions = (Object.hasOwn(given, map.name) && given[map.name]) || {};
    checkFit(map, options);
    const { maxEntries, pinPath, load, attach, members } = options;
    const own = members === undefined ? map : withMembers(spec, map, members);
    return {
      ...own,
      maxEntries: maxEntries ?? map.maxEntries,
      pinPath: pinPath ?? map.pinPath,
      autoload: load ?? map.autoload,
      autoattach: attach ?? map.autoattach,
    };
  });
  return withoutReplaced(spec, maps);
}

/** A program that was a member, and is none any more, is not loaded. */
function withoutReplaced(spec: CollectionSpec, maps: MapSpec[]): CollectionSpec {
  const [before, after] = [membersOf(spec.maps), membersOf(maps)];
  const programs = spec.programs.map((program) =>
    before.has(program.name) && !after.has(program.name) ? { ...program, autoload: false } : program,
  );
  return { ...spec, maps, programs };
}

function membersOf(maps: readonly MapSpec[]): ReadonlySet<string> {
  return new Set(maps.flatMap(({ ops = [] }) => ops.map(({ program }) => program)));
}

/** Options of struct_ops are for these, and the others are not. */
function checkFit({ name, type, section }: MapSpec, options: MapOptions): void {
  const isOps = mapKind(type).value === "ops";
  const wrong = (isOps ? ofOthers : ofOps).find((option) => options[option] !== undefined);
  const { maxEntries = 1 } = options;
  if (section !== undefined && mapKind(type).name === "ARRAY" && maxEntries !== 1)
    throw new RangeError(
      `The option maxEntries of map ${name} of load() must be 1, not ${maxEntries}: it holds variables`,
    );
  if (section !== undefined && !isOps && options.load === false)
    throw new TypeError(`The option load of map ${name} of load() must be true: it holds variables`);
  if (wrong === undefined) return;
  const what = isOps ? "which maps of struct_ops do not have" : "which is for maps of struct_ops";
  throw new TypeError(`Cannot load map ${name} with the option ${wrong}, ${what}`);
}

const ofOps = ["attach", "members"] as const;
const ofOthers = ["maxEntries", "reuse"] as const;

export function reusedMaps(given: Given): ReadonlyMap<string, EngineMap | string> {
  const reused = new Map<string, EngineMap | string>();
  for (const [name, { reuse }] of Object.entries(given))
    if (reuse !== undefined) reused.set(name, typeof reuse === "string" ? reuse : engineMapOf(reuse)!);
  return reused;
}

/** Maps of the embedded engine live and die with their collection. */
export function refuseOtherMaps(engine: EngineName, given: Given, { maps }: CollectionSpec): void {
  if (engine === "kernel") return;
  for (const [name, options] of Object.entries(given)) {
    const isLeftOut =
      options.load === false && maps.some((map) => map.name === name && mapKind(map.type).value !== "ops");
    const wrong = { reuse: options.reuse !== undefined, pinPath: options.pinPath !== undefined, load: isLeftOut };
    const option = Object.entries(wrong).find(([, isWrong]) => isWrong)?.[0];
    if (option === undefined) continue;
    throw new NotSupportedError(option, `Cannot load map ${name} with ${option}: only the kernel engine has that`);
  }
}
