import { type Checks, checkOptions, optionsOf } from "./base/check-options.ts";
import { anObject, aPath, aString, integer } from "./base/checks.ts";
import { EbpfError } from "./base/errors.ts";
import { importHost } from "./host/import-host.ts";
import { type ExistingTypes, findMapTypes } from "./map/existing-types.ts";
import { type ExistingMap, openExisting } from "./map/open-existing.ts";
import { perfChecks } from "./map/perf/perf-options.ts";
import type * as Reopen from "./engine/kernel/map/reopen.ts";

export type { ExistingMap } from "./map/open-existing.ts";

export type OpenOptions = ExistingTypes;

/**
 * Opens the map that is pinned at a path of a bpf file system (kernel engine). What it is shows with `instanceof`; rings have
 * the size that they were made with. A ring has one consumer at a time, in all processes together. A perf event array gets rings of its
 * own, which take the places of those that another reader has put into it: from then on that one sees no events.
 */
export async function openPinned(path: string, options: OpenOptions = {}): Promise<ExistingMap> {
  checkOptions(options, checks, "openPinned()");
  aPath(path, "The path of openPinned()");
  const { reopenPinned } = await importReopen();
  return nounOf(await reopenPinned(path), options);
}

/** Opens a map by the number that the kernel has for it, as in `info.id` and in what bpftool prints. Takes CAP_SYS_ADMIN. */
export async function openById(id: number, options: OpenOptions = {}): Promise<ExistingMap> {
  checkOptions(options, checks, "openById()");
  integer(0, 0xffff_ffff)(id, "The id of openById()");
  const { reopenById } = await importReopen();
  return nounOf(await reopenById(id), options);
}

function importReopen(): Promise<typeof Reopen> {
  return importHost("the maps of the kernel", () => import("./engine/kernel/map/reopen.ts"));
}

function nounOf({ map, types }: Reopen.ReopenedMap, options: OpenOptions): ExistingMap {
  try {
    return openExisting({
      map,
      types: findMapTypes(map.info, options, types),
      perf: options.perf,
      close: () => map.close(),
    });
  } catch (error) {
    map.close();
    // Types that somebody else loaded may be of a kind that values cannot have.
    if (error instanceof EbpfError || error instanceof TypeError || error instanceof RangeError) throw error;
    throw new EbpfError("BAD_BTF", `Cannot open map ${map.info.name}: its types cannot be used`, { cause: error });
  }
}

const checks: Checks<OpenOptions> = {
  types: anObject,
  key: aString,
  value: aString,
  record: aString,
  perf: optionsOf(perfChecks),
};
