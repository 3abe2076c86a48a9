import { aPath, integer, oneOf } from "../../base/checks.ts";
import { LinkType } from "../../uapi/uapi.gen.ts";
import { aName } from "../a-name.ts";
import { aProcess } from "../a-process.ts";
import type { AttachKind } from "../attach-kind.ts";

/** Which groups an iterator over cgroups sees, beside the one that is told: itself alone, those below (it first, or last), or those above. */
export type CgroupOrder = "self" | "descendants" | "descendants-last" | "ancestors";

/**
 * What the kernel has many of, seen one by one by a program that prints what it wants of each (kernel engine, Linux 5.8): `task`, `tcp`, `bpf_map`. It runs
 * when somebody reads what it prints: `link.read()`, `program.iterate()`.
 */
export interface IterTarget {
  readonly kind: "iter";
  /** The iterator that the program was loaded for, and no other. */
  readonly name?: string | undefined;
  /** For iterators over what is in a map (`bpf_map_elem`, `bpf_sk_storage_map`, `sockmap`): its name, of the same object. */
  readonly map?: string | undefined;
  /** For those over tasks: one thread alone (Linux 6.1). */
  readonly tid?: number | undefined;
  /** For those over tasks: the threads of one process (Linux 6.1); 0 is this one. */
  readonly pid?: number | undefined;
  /** For `cgroup`: the path of a group (Linux 6.1). */
  readonly cgroup?: string | undefined;
  /** For `cgroup`; by default `descendants`. */
  readonly order?: CgroupOrder | undefined;
}

/** Iterators that walk nothing unless they are told where, by the option that they need. */
const needed: Readonly<Record<string, "map" | "cgroup">> = {
  bpf_map_elem: "map",
  bpf_sk_storage_map: "map",
  sockmap: "map",
  cgroup: "cgroup",
};

/** The kernel takes the one for the other. */
function goesWith(option: string, name: string): boolean {
  return option === "tid" || option === "pid"
    ? name.startsWith("task")
    : Object.hasOwn(needed, name) && needed[name] === option;
}

export const iter: AttachKind<IterTarget> = {
  kind: "iter",
  title: "an iterator",
  linkType: LinkType.ITER,
  once: false,
  checks: {
    name: aName,
    map: aName,
    tid: integer(1, 0x7fff_ffff),
    pid: aProcess,
    cgroup: aPath,
    order: oneOf("self", "descendants", "descendants-last", "ancestors"),
  },
  needs: [],
  alsoNeeds: (rest) => (Object.hasOwn(needed, rest) ? needed[rest] : undefined),
  bind: (target, attachTo) => ({ ...target, name: target.name ?? attachTo }),
  check({ name = "", map, tid, pid, cgroup, order }) {
    const told = { map, tid, pid, cgroup };
    const [first, second] = Object.entries(told).flatMap(([option, value]) => (value === undefined ? [] : [option]));
    if (first !== undefined && second !== undefined)
      throw new TypeError(`attach() to an iterator takes one of the options ${first} and ${second}, not both`);
    if (first !== undefined && !goesWith(first, name))
      throw new TypeError(`The option ${first} of attach() to an iterator does not go with iterator ${name}`);
    if (order !== undefined && cgroup === undefined)
      throw new TypeError("The option order of attach() to an iterator goes with the option cgroup");
    const option = Object.hasOwn(needed, name) ? needed[name] : undefined;
    if (option !== undefined && told[option] === undefined)
      throw new TypeError(`attach() to iterator ${name} needs the option ${option}: what it walks`);
  },
  parse: (rest) => (rest === "" ? undefined : { kind: "iter", name: rest }),
  write: ({ name = "" }) => name,
};
