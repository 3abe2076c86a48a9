import type { Checks } from "./base/check-options.ts";
import { aFunction, anObject, aString, type Check, integer, oneOf, wrongKind } from "./base/checks.ts";
import { type EbpfError, NotSupportedError } from "./base/errors.ts";
import { inSlices } from "./base/slices.ts";
import { Collection } from "./collection/collection.ts";
import { find } from "./collection/find.ts";
import { type MapOptions, mapsOption, refuseOtherMaps, reusedMaps, withMaps } from "./collection/map-options.ts";
import type { HeldCommand } from "./engine/command.ts";
import type { Engine, EngineCollection, EngineOptions } from "./engine/engine.ts";
import { aFilter, type EventFilter, type ScopeName } from "./engine/scope.ts";
import type { LockDown } from "./engine/lock-down.ts";
import { checkSpec } from "./spec/check-spec.ts";
import { kconfigVariables } from "./spec/fill-kconfig.ts";
import type { KconfigValue } from "./spec/kconfig-value.ts";
import {
  engineProgramOptions,
  programChecks,
  type ProgramChoice,
  refuseOtherPrograms,
  withPrograms,
} from "./collection/program-options.ts";
import { parsing } from "./spec/parse.ts";
import { wantsDebug } from "./spec/debug/wants-debug.ts";
import type { readDebug } from "./spec/debug/read-debug.ts";
import { type RecordChoice, sayRecords } from "./spec/records/said/say-records.ts";
import { setVariable } from "./spec/set-variable.ts";
import { makePrintable } from "./spec/to-json.ts";
import type { CollectionSpec } from "./spec/types.ts";

/** What loading takes on every host. */
export interface ObjectOptions extends ProgramChoice {
  /** Changes to maps, by name, before they are made; a map that somebody else has made can stand for one. */
  readonly maps?: Readonly<Record<string, MapOptions>> | undefined;
  /**
   * What the records of rings and perf event arrays are, by the map's name, where the object does not tell, or not right: the name of a
   * struct; a struct of another table (`parseBtf`); or a function that makes a value of each record's bytes. Functions do not go to other
   * threads. Throws NOT_FOUND for names that the object does not have.
   */
  readonly records?: Readonly<Record<string, RecordChoice>> | undefined;
  /**
   * Whose events reach the attached programs. `command`: those of the commands that `spawn()` starts, and of their descendants, from the
   * first instruction of each on. `system`: everybody's, which the embedded engine refuses. Left out, it is the system's on the kernel
   * engine until the first `spawn()`, and the commands' from then on.
   */
  readonly scope?: ScopeName | undefined;
  /** Of those events, the ones of which all that is given holds. Programs that are run by hand run in any case. */
  readonly filter?: EventFilter | undefined;
  /** First values of global variables; the only way to set `const volatile` ones. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The kernel's settings that the object asks for (`__kconfig`), by name, in place of those that the engine has: `{ CONFIG_HZ: 1000 }`.
   * `true`, `false`, `"y"`, `"m"` and `"n"` are for what is built in, a module, or left out; others are numbers and texts.
   */
  readonly kconfig?: Readonly<Record<string, KconfigValue>> | undefined;
  /**
   * Lines of `bpf_trace_printk` (embedded engine). By default they go to the diagnostics channel `ebpf:trace_printk`, in a browser to
   * `console.debug`. When it throws, or rejects its promise, the command is killed, and `exited` is rejected with that; so is a `run()`
   * by hand. Events of other sources end then, and `close()` of the collection is rejected.
   */
  readonly onPrint?: ((line: string) => void) | undefined;
  /**
   * A run of an attached program that went wrong (embedded engine). By default a process warning, in a browser a `console.warn`. What it
   * throws is as for `onPrint`.
   */
  readonly onFault?: ((fault: EbpfError) => void) | undefined;
  /**
   * How many instructions one run of a program may take (embedded engine); 2^26 by default. Helpers count by what they do: the bytes that
   * they copy, the entries that they pass.
   */
  readonly instructionBudget?: number | undefined;
  /**
   * How many milliseconds one run of a program may take (embedded engine); 10,000 by default, and Infinity for no limit. A backstop beside
   * the budget: it is looked at every few milliseconds.
   */
  readonly maxRunMs?: number | undefined;
}

const settings: Check = (value, what) => {
  anObject(value, what);
  for (const [name, setting] of Object.entries(value as object)) {
    if (["boolean", "bigint", "string"].includes(typeof setting) || Number.isSafeInteger(setting)) continue;
    throw wrongKind(`${name} of the option kconfig of load()`, "true, false, a whole number or a string", setting);
  }
};

const recordsOption: Check = (value, what) => {
  anObject(value, what);
  for (const [ring, choice] of Object.entries(value as object)) {
    if (typeof choice === "string" || typeof choice === "function") continue;
    anObject(choice, `The records of ${ring}`);
    aString((choice as { type?: unknown }).type, `The type of the records of ${ring}`);
    anObject((choice as { types?: unknown }).types, `The types of the records of ${ring}`);
  }
};

export const objectChecks: Checks<ObjectOptions> = {
  scope: oneOf("command", "system"),
  filter: aFilter,
  variables: anObject,
  kconfig: settings,
  records: recordsOption,
  onPrint: aFunction,
  onFault: aFunction,
  instructionBudget: integer(1, Number.MAX_SAFE_INTEGER),
  maxRunMs: integer(1),
  maps: mapsOption,
  ...programChecks,
};

/** What the host does for a collection. */
export interface HostServices extends Pick<EngineOptions, "onPrint" | "onFault"> {
  /** Left out where a process has nothing to give up. */
  readonly lockDown?: LockDown | undefined;
  /** Told what turns out to be wrong with the object once it is loaded: its debug information is read late. */
  readonly onFinding?: ((finding: string) => void) | undefined;
  /**
   * What reads debug information, for specs that want it: where files are read one by one, nobody else waits for that one. A page has it
   * already.
   */
  readonly debugReader: () => typeof readDebug | Promise<typeof readDebug>;
  /** One that waits for its start. */
  readonly command?: HeldCommand | undefined;
  /** Told of what is hardly ever meant. */
  readonly warn?: ((warning: string) => void) | undefined;
}

/** Reads bytes over several turns: they must not change. `takes` says what an object may be. */
export async function specOf(object: Uint8Array | CollectionSpec, takes: string): Promise<CollectionSpec> {
  if (object instanceof Uint8Array) return inSlices(parsing(object));
  if (!Array.isArray((object as Partial<CollectionSpec> | null)?.maps))
    throw wrongKind("The object of load()", takes, object);
  checkSpec(object);
  return object;
}

export async function loadSpec(
  spec: CollectionSpec,
  engine: Engine,
  options: ObjectOptions,
  host: HostServices,
): Promise<Collection> {
  const maps = options.maps ?? {};
  refuseOtherMaps(engine.name, maps, spec);
  refuseOtherPrograms(engine.name, options);
  const { kconfig = {} } = options;
  for (const name of Object.keys(kconfig)) find(kconfigVariables(spec), name, "setting of the kernel");
  if (wantsDebug(spec)) (await host.debugReader())(spec);
  const chosen = withPrograms(withMaps(spec, maps), options);
  const own = sayRecords(withVariables(chosen, options.variables ?? {}), options.records ?? {});
  const collection = await loadOn(engine, own, {
    onPrint: options.onPrint ?? host.onPrint,
    onFault: options.onFault ?? host.onFault,
    instructionBudget: options.instructionBudget,
    scope: options.scope ?? (host.command === undefined ? undefined : "command"),
    filter: options.filter,
    reuse: reusedMaps(maps),
    programs: engineProgramOptions(spec, options),
    kconfig,
    maxRunMs: options.maxRunMs,
  });
  return new Collection(own, collection, host.lockDown, host.onFinding, host.command, host.warn);
}

/** What the engine does not have another may have: who has named none is told why it was this one. */
async function loadOn(engine: Engine, spec: CollectionSpec, options: EngineOptions): Promise<EngineCollection> {
  try {
    return await engine.load(spec, options);
  } catch (error) {
    if (engine.takenSince === undefined || !(error instanceof NotSupportedError)) throw error;
    const { feature, message, minimumVersion, cause = error } = error;
    const told = `${message}; engine "auto" has taken the ${engine.name} engine (${engine.takenSince})`;
    throw new NotSupportedError(feature, told, minimumVersion, { cause });
  }
}

/** The spec stays as it was given: what is loaded has contents of its own. */
function withVariables(spec: CollectionSpec, variables: Readonly<Record<string, unknown>>): CollectionSpec {
  if (Object.keys(variables).length === 0) return spec;
  const maps = spec.maps.map((map) => ({ ...map, contents: map.contents?.slice() }));
  const own = makePrintable({ ...spec, maps });
  for (const [name, value] of Object.entries(variables)) setVariable(own, name, value);
  return own;
}
