import { importHost } from "./host/import-host.ts";
import type { ExistingTypes } from "./map/existing-types.ts";
import type { MapNoun } from "./map/nouns.gen.ts";
import type * as Here from "./loading/open-here.ts";

export type { ExistingTypes as OpenOptions } from "./map/existing-types.ts";

/**
 * Opens the map that is pinned at a path of a bpf file system (kernel engine). What it is shows with `instanceof`; rings have
 * the size that they were made with. A ring has one consumer at a time, in all processes together. A perf event array gets rings of its
 * own, which take the places of those that another reader has put into it: from then on that one sees no events.
 */
export async function openPinned(path: string, options: ExistingTypes = {}): Promise<MapNoun> {
  return (await importHere()).openPinned(path, options);
}

/** Opens a map by the number that the kernel has for it, as in `info.id` and in what bpftool prints. Takes CAP_SYS_ADMIN. */
export async function openById(id: number, options: ExistingTypes = {}): Promise<MapNoun> {
  return (await importHere()).openById(id, options);
}

function importHere(): Promise<typeof Here> {
  return importHost("maps that are there already", () => import("./loading/open-here.ts"));
}
