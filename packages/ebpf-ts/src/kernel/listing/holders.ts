import { entriesIn, linkTargetIfThere, readIfThere } from "../../host/system-files.ts";
import { numberOf } from "./descriptor-facts.ts";
import type { LoadedKind } from "./family.ts";

/** A process that has a descriptor of something. */
export interface Holder {
  readonly pid: number;
  /** Of its first thread, as the kernel has it: 15 bytes. */
  readonly comm: string;
}

/** Who holds what: for each kind, processes by the id of the object. */
export type Holders = Readonly<Record<LoadedKind, ReadonlyMap<number, readonly Holder[]>>>;

/**
 * Looks at the descriptors of all processes (/proc/PID/fdinfo), as far as this one may: at all of them with CAP_SYS_PTRACE. What is pinned,
 * or attached without a link, needs no process that holds it.
 */
export function holders(): Holders {
  const found = { program: new Map(), map: new Map(), link: new Map(), btf: new Map() } as const;
  for (const { name } of entriesIn("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    for (const [kind, id] of objectsOf(name)) {
      const known = (found[kind] as Map<number, Holder[]>).get(id) ?? [];
      if (known.at(-1)?.pid !== Number(name)) known.push({ pid: Number(name), comm: commOf(name) });
      found[kind].set(id, known);
    }
  }
  return found;
}

/** The kernel names what a descriptor is of; other files may have anything in theirs. */
const ofBpf = /^anon_inode:\[?(bpf|btf)/;

function* objectsOf(pid: string): Generator<readonly [LoadedKind, number]> {
  for (const { name } of entriesIn(`/proc/${pid}/fd`)) {
    if (!ofBpf.test(linkTargetIfThere(`/proc/${pid}/fd/${name}`) ?? "")) continue;
    const text = readIfThere(`/proc/${pid}/fdinfo/${name}`) ?? "";
    const found = fields.find(([, field]) => numberOf(text, field) !== 0);
    if (found !== undefined) yield [found[0], numberOf(text, found[1])];
  }
}

/** A link's tells its program too. */
const fields = [
  ["link", "link_id"],
  ["map", "map_id"],
  ["program", "prog_id"],
  ["btf", "btf_id"],
] as const;

function commOf(pid: string): string {
  return (readIfThere(`/proc/${pid}/comm`) ?? "").replace(/\n$/, "");
}
