import { EbpfError } from "./errors.ts";
import { type ExistingTypes, findMapTypes } from "./map/existing-types.ts";
import { openExisting } from "./map/open-existing.ts";
import type { OpenMap } from "./map/open-map.ts";
import type { RingBuf } from "./map/ring-buf.ts";
import type { UserRingBuf } from "./map/user-ring-buf.ts";
import type { ReopenedMap } from "./engine/kernel/reopen.ts";

/** A map that somebody else made: its type says which noun it is. Whoever opens it closes it. */
export type ExistingMap = OpenMap | RingBuf | UserRingBuf;

export type OpenOptions = ExistingTypes;

/**
 * Opens the map that is pinned at a path of a bpf file system (kernel engine). What it is shows with `instanceof`; rings have
 * the size that they were made with. A ring has one consumer at a time, in all processes together.
 */
export async function openPinned(path: string, options: OpenOptions = {}): Promise<ExistingMap> {
  checkOptions(options, "openPinned");
  if (typeof path !== "string" || path === "" || path.includes("\0"))
    throw new TypeError("openPinned() takes the path of a pinned map");
  const { reopenPinned } = await import("./engine/kernel/reopen.ts");
  return nounOf(await reopenPinned(path), options);
}

/** Opens a map by the number that the kernel has for it, as in `info.id` and in what bpftool prints. Takes CAP_SYS_ADMIN. */
export async function openById(id: number, options: OpenOptions = {}): Promise<ExistingMap> {
  checkOptions(options, "openById");
  if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff)
    throw new RangeError(`The id of a map is a whole number of 32 bits, not ${id}`);
  const { reopenById } = await import("./engine/kernel/reopen.ts");
  return nounOf(await reopenById(id), options);
}

function nounOf({ map, types }: ReopenedMap, options: OpenOptions): ExistingMap {
  try {
    return openExisting(map, findMapTypes(map.info, options, types), () => map.close());
  } catch (error) {
    map.close();
    // Types that somebody else loaded may be of a kind that values cannot have.
    if (error instanceof EbpfError || error instanceof TypeError) throw error;
    throw new EbpfError("BAD_BTF", `Cannot open map ${map.info.name}: its types cannot be used`, { cause: error });
  }
}

const optionNames: ReadonlySet<string> = new Set(["types", "key", "value", "record"]);

function checkOptions(options: OpenOptions, name: string): void {
  for (const option of Object.keys(options)) {
    if (!optionNames.has(option))
      throw new TypeError(`Unknown option ${option} of ${name}(): the options are ${[...optionNames].join(", ")}`);
  }
}
