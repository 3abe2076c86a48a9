import { type Checks, checkOptions, optionsOf } from "../base/check-options.ts";
import { anObject, aPath, aString, integer } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import { importHost } from "../host/import-host.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import type { Link, LinkedOps } from "../link/link.ts";
import { LiveLinks } from "../link/live-links.ts";
import { type ExistingTypes, findMapTypes, type MapTypes } from "../map/existing-types.ts";
import { makeNoun } from "../map/make-noun.ts";
import type { MapNoun } from "../map/nouns.gen.ts";
import { PerfEventArray } from "../map/perf/perf-event-array.ts";
import { perfChecks, perfOptions, type PerfRingOptions } from "../map/perf/perf-options.ts";
import { RecordType } from "../map/record-type.ts";
import { wantsDebug } from "../spec/debug/wants-debug.ts";
import type * as Reopen from "../engine/kernel/map/reopen.ts";

/** What the doors do, which only importing the library does not wait for. */
export async function openPinned(path: string, options: ExistingTypes): Promise<MapNoun> {
  checkOptions(options, checks, "openPinned()");
  aPath(path, "The path of openPinned()");
  const { reopenPinned } = await importReopen();
  await readTypes(options);
  return nounOf(await reopenPinned(path), options);
}

export async function openById(id: number, options: ExistingTypes): Promise<MapNoun> {
  checkOptions(options, checks, "openById()");
  integer(0, 0xffff_ffff)(id, "The id of openById()");
  const { reopenById } = await importReopen();
  await readTypes(options);
  return nounOf(await reopenById(id), options);
}

/** Of an object that is given, as loading it would. */
async function readTypes({ types }: ExistingTypes): Promise<void> {
  if (types === undefined || !("maps" in types) || !wantsDebug(types)) return;
  const { readDebug } = await importHost("debug information", () => import("../spec/debug/read-debug.ts"));
  readDebug(types);
}

function importReopen(): Promise<typeof Reopen> {
  return importHost("the maps of the kernel", () => import("../engine/kernel/map/reopen.ts"));
}

function nounOf({ map, types }: Reopen.ReopenedMap, options: ExistingTypes): MapNoun {
  try {
    return opened(map, findMapTypes(map.info, options, types), options.perf);
  } catch (error) {
    map.close();
    // Types that somebody else loaded may be of a kind that values cannot have.
    if (error instanceof EbpfError || error instanceof TypeError || error instanceof RangeError) throw error;
    throw new EbpfError("BAD_BTF", `Cannot open map ${map.info.name}: its types cannot be used`, { cause: error });
  }
}

/** It takes the map over: closing it closes that. */
function opened(map: Reopen.ReopenedMap["map"], types: MapTypes, perf: PerfRingOptions | undefined): MapNoun {
  const { name, type } = map.info;
  if (perf !== undefined && mapKind(type).ring !== "perf") {
    throw new TypeError(`Cannot open map ${name} with the option perf: it is no perf event array`);
  }
  const { btf, record: id } = types;
  const record = new RecordType(name, btf === undefined || id === 0 ? undefined : { btf, id });
  record.settle();
  const attach = (ops: LinkedOps): Promise<Link> => new LiveLinks().attach(ops);
  const noun = makeNoun(map, {
    types,
    record,
    perf: () => perfOptions(perf ?? {}),
    attach,
    onClose: () => map.close(),
  });
  if (noun instanceof PerfEventArray) noun.open();
  return noun;
}

const checks: Checks<ExistingTypes> = {
  types: anObject,
  key: aString,
  value: aString,
  record: aString,
  perf: optionsOf(perfChecks),
};
