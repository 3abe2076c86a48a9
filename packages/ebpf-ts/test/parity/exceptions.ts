import type { Difference } from "./compare.ts";

/** A difference that is meant, or is not ours to mend. */
export interface Exception {
  /** The object's name without its ending; left out, any. */
  readonly object?: string;
  readonly of?: string;
  readonly what: Difference["what"];
  /** With that libbpf alone. */
  readonly libbpf?: string;
  /** Of those, the ones that this holds for. */
  readonly holds?: (difference: Difference) => boolean;
  readonly reason: string;
}

const typesThatAreMended =
  "the kernel refuses the object's types as libbpf gives them; it takes ours, which are mended";

const functionsOfAll = "libbpf looks for the functions that any program calls, also of those that are not loaded";

export const exceptions: readonly Exception[] = [
  {
    what: "map",
    holds: ({ ours, theirs }) => withoutMapping(ours) === theirs,
    reason: "static variables are live as well: their sections are mapped too (BPF_F_MMAPABLE)",
  },
  { object: "core-shapes-target", of: ".bss", what: "map", reason: typesThatAreMended },
  { object: "spec-plain-c", what: "map", reason: typesThatAreMended },
  { object: "verifier_bounds", what: "map", reason: typesThatAreMended },
  {
    object: "externs",
    what: "outcome",
    libbpf: "v1.1",
    reason: "libbpf 1.1 does not know LINUX_HAS_SYSCALL_WRAPPER yet",
  },
  {
    object: "subprograms",
    what: "open",
    holds: ({ theirs }) => theirs === "goes well",
    reason: "gcc 12 gives calls that lead nowhere; libbpf sees them once a program with one is loaded",
  },
  {
    object: "struct-ops",
    what: "outcome",
    reason:
      "libbpf 1.5 leaves out the first variable alone of a section ?.struct_ops, and 1.1 does not know such sections",
  },
  { object: "arena", what: "open", libbpf: "v1.1", reason: "libbpf 1.1 does not know arenas yet" },
  {
    object: "uprobe-multi",
    what: "outcome",
    libbpf: "v1.1",
    reason: "libbpf 1.1 does not know sections of many probes of user space (uprobe.multi) yet",
  },
  {
    object: "newest",
    what: "outcome",
    libbpf: "v1.1",
    reason: "libbpf 1.1 does not know sections of Linux 7 yet",
  },
  {
    object: "exceptions",
    what: "outcome",
    libbpf: "v1.1",
    reason: "libbpf 1.1 does not know the callbacks of exceptions yet",
  },
  { object: "missed_kprobe", of: "test2", what: "outcome", reason: functionsOfAll },
  { object: "missed_kprobe", of: "trigger", what: "errno", reason: functionsOfAll },
  { object: "missed_kprobe", of: "trigger", what: "outcome", reason: functionsOfAll },
  { object: "modules", of: "knows_type", what: "outcome", reason: functionsOfAll },
  {
    object: "spec-beside",
    what: "open",
    reason: "static functions may stand in the sections of programs; libbpf takes them for programs, and refuses",
  },
  {
    object: "spec-records",
    of: "write_all",
    what: "outcome",
    reason: "a ring buffer's values are its records, and no size for the kernel, which refuses one",
  },
];

/** BPF_F_MMAPABLE, 1024, left out of what is said of a map. */
function withoutMapping(map: string): string {
  return map.replace(/flags (\d+)/, (_, flags: string) => `flags ${Number(flags) & ~1024}`);
}

/** Why a difference from that libbpf is let be; undefined for one that is not. */
export function reasonFor(libbpf: string | undefined, object: string, difference: Difference): string | undefined {
  const found = exceptions.find(
    (each) =>
      each.what === difference.what &&
      (each.libbpf === undefined || each.libbpf === libbpf) &&
      (each.object === undefined || each.object === object) &&
      (each.of === undefined || each.of === difference.of) &&
      (each.holds === undefined || each.holds(difference)),
  );
  return found?.reason;
}
