import { wrongKind } from "../base/checks.ts";
import { MapFlag, MapType } from "../uapi/uapi.gen.ts";

/** What a map is to its user: the files of `map/nouns/`. */
export type NounKind =
  | "bpf-map"
  | "ring-buf"
  | "user-ring-buf"
  | "perf-event-array"
  | "queue"
  | "bloom-filter"
  | "struct-ops";

/** What the kernel, and so every engine, knows of one BPF_MAP_TYPE_*. */
export interface MapKind {
  /** As in BPF_MAP_TYPE_<name>. */
  readonly name: string;
  /** The first Linux that has it; undefined where this table does not know. */
  readonly since: string | undefined;
  /**
   * - `index`: 4 bytes, less than max_entries
   * - `number`: 4 bytes, any: the id of a stack, an interface
   * - `any`: bytes
   * - `prefix`: `struct bpf_lpm_trie_key`: 4 bytes that count bits, and the bits
   * - `cgroup`: 8 bytes, the id of a cgroup; or `struct bpf_cgroup_storage_key`
   * - `descriptor`: 4 bytes, of the task, socket, file or cgroup that the value belongs to
   * - `none`: the map is keyless
   */
  readonly key: "index" | "number" | "any" | "prefix" | "cgroup" | "descriptor" | "none";
  /** `any` is the object's own bytes, `stack` are addresses; the others are objects of the kernel, of which user space writes descriptors or numbers. */
  readonly value:
    | "any"
    | "stack"
    | "none"
    | "program"
    | "map"
    | "perf-event"
    | "cgroup"
    | "socket"
    | "device"
    | "cpu"
    | "ops";
  /** User space reads and writes a value for every possible CPU at once, each padded to 8 bytes (bpf_map_value_size in kernel/bpf/syscall.c). */
  readonly perCpu: boolean;
  /** When it is full, the entry that was used least recently makes room. */
  readonly evicts: boolean;
  /** The first Linux that reads many of its entries in one call (BPF_MAP_LOOKUP_BATCH); undefined for never. */
  readonly batchSince: string | undefined;
  /** The first Linux that reads an entry and deletes it in one step (BPF_MAP_LOOKUP_AND_DELETE_ELEM); undefined for never. */
  readonly takeSince: string | undefined;
  /** Who writes it when it is a ring: programs, user space, or programs into one ring for each CPU. */
  readonly ring: "event" | "user" | "perf" | undefined;
  /** What mmap(2) of its descriptor shows: the values if it was made with BPF_F_MMAPABLE (Linux 5.5), pages of an arena, or a ring. */
  readonly memory: "values" | "arena" | "ring" | undefined;
  /** What max_entries counts. `cpus`: entries, and 0 stands for one of each CPU, as in libbpf. `nothing`: it must be 0. */
  readonly counts: "entries" | "bytes" | "cpus" | "pages" | "nothing";
  /** BPF_F_* that the kernel sets by itself when it makes one. */
  readonly addedFlags: number;
  /** The types of its keys and values go with it into the kernel. Of the others it takes none, or libbpf never gives any. */
  readonly typed: boolean;
  readonly noun: NounKind;
  /** Which engines of this library can make it. */
  readonly engines: "both" | "kernel";
}

type Row = Pick<MapKind, "since" | "key" | "value"> & Partial<Omit<MapKind, "name">>;

/** Without the names that the uapi has left behind, and without UNSPEC, which is none. */
type Name = Exclude<keyof typeof MapType, "UNSPEC" | `${string}_DEPRECATED`>;

const both = { engines: "both" } as const;
/** Hash tables of all kinds, whose values are the object's own. */
const hash = { key: "any", value: "any", batchSince: "5.6", takeSince: "5.14" } as const;
const untyped = { typed: false } as const;
/** dev_map_init_map in kernel/bpf/devmap.c: programs read its values, and must not write them. */
const readByPrograms = { addedFlags: MapFlag.RDONLY_PROG } as const;
/** Values in an order, without keys. */
const queue = { key: "none", value: "any", takeSince: "4.20", noun: "queue", ...untyped, ...both } as const;
/** Local storage: it belongs to its owner, and is not counted. */
const storage = { key: "descriptor", value: "any", counts: "nothing" } as const;

// `since` is the release whose uapi first names the type; `batchSince` the one in which its bpf_map_ops got map_lookup_batch.
const rows: Readonly<Record<Name, Row>> = {
  HASH: { since: "3.19", ...hash, ...both },
  ARRAY: { since: "3.19", key: "index", value: "any", batchSince: "5.6", memory: "values", ...both },
  PROG_ARRAY: { since: "4.2", key: "index", value: "program", ...both },
  PERF_EVENT_ARRAY: {
    since: "4.3",
    key: "index",
    value: "perf-event",
    ring: "perf",
    counts: "cpus",
    ...untyped,
    ...both,
  },
  PERCPU_HASH: { since: "4.6", ...hash, perCpu: true, ...both },
  PERCPU_ARRAY: { since: "4.6", key: "index", value: "any", perCpu: true, batchSince: "5.13", ...both },
  STACK_TRACE: { since: "4.6", key: "number", value: "stack", takeSince: "6.18", ...untyped },
  CGROUP_ARRAY: { since: "4.8", key: "index", value: "cgroup", ...untyped },
  LRU_HASH: { since: "4.10", ...hash, evicts: true, ...both },
  LRU_PERCPU_HASH: { since: "4.10", ...hash, perCpu: true, evicts: true },
  LPM_TRIE: { since: "4.11", key: "prefix", value: "any", batchSince: "5.13" },
  ARRAY_OF_MAPS: { since: "4.12", key: "index", value: "map", batchSince: "5.19", ...untyped },
  HASH_OF_MAPS: { since: "4.12", key: "any", value: "map", batchSince: "5.19", ...untyped },
  DEVMAP: { since: "4.14", key: "index", value: "device", ...readByPrograms, ...untyped },
  SOCKMAP: { since: "4.14", key: "index", value: "socket", ...untyped },
  CPUMAP: { since: "4.15", key: "index", value: "cpu", ...untyped },
  XSKMAP: { since: "4.18", key: "index", value: "socket", ...untyped },
  SOCKHASH: { since: "4.18", key: "any", value: "socket", ...untyped },
  CGROUP_STORAGE: { since: "4.19", key: "cgroup", value: "any", counts: "nothing" },
  REUSEPORT_SOCKARRAY: { since: "4.19", key: "index", value: "socket" },
  PERCPU_CGROUP_STORAGE: { since: "4.20", key: "cgroup", value: "any", perCpu: true, counts: "nothing" },
  QUEUE: { since: "4.20", ...queue },
  STACK: { since: "4.20", ...queue },
  SK_STORAGE: { since: "5.2", ...storage },
  DEVMAP_HASH: { since: "5.4", key: "number", value: "device", ...readByPrograms, ...untyped },
  STRUCT_OPS: { since: "5.6", key: "index", value: "ops", noun: "struct-ops", ...untyped },
  RINGBUF: { since: "5.8", key: "none", value: "none", ring: "event", memory: "ring", counts: "bytes", ...both },
  INODE_STORAGE: { since: "5.10", ...storage },
  TASK_STORAGE: { since: "5.11", ...storage },
  BLOOM_FILTER: { since: "5.16", key: "none", value: "any", noun: "bloom-filter", ...both },
  USER_RINGBUF: { since: "6.1", key: "none", value: "none", ring: "user", memory: "ring", counts: "bytes", ...both },
  CGRP_STORAGE: { since: "6.2", ...storage },
  ARENA: { since: "6.9", key: "none", value: "none", memory: "arena", counts: "pages", ...untyped },
};

const nouns = { event: "ring-buf", user: "user-ring-buf", perf: "perf-event-array" } as const;

function kindOf(name: string, row: Row): MapKind {
  return {
    name,
    perCpu: false,
    evicts: false,
    batchSince: undefined,
    takeSince: undefined,
    ring: undefined,
    memory: undefined,
    counts: "entries",
    addedFlags: 0,
    typed: true,
    engines: "kernel",
    noun: row.ring === undefined ? "bpf-map" : nouns[row.ring],
    ...row,
  };
}

const kinds: ReadonlyMap<number, MapKind> = new Map(
  Object.entries(rows).map(([name, row]) => [MapType[name as Name], kindOf(name, row)]),
);

/** All of Linux 6.18, by BPF_MAP_TYPE_*. */
export const mapKinds: ReadonlyMap<number, MapKind> = kinds;

/** What a map of a type is. One that is newer than this table is taken for a map of keys and values without anything special. */
export function mapKind(type: number): MapKind {
  if (typeof type !== "number") throw wrongKind("The type of mapKind()", "a BPF_MAP_TYPE_*", type);
  return kinds.get(type) ?? kindOf(`${type}`, { since: undefined, key: "any", value: "any" });
}

const kernelNumbers: ReadonlySet<string> = new Set([
  "index",
  "number",
  "descriptor",
  "program",
  "map",
  "perf-event",
  "cgroup",
] satisfies (MapKind["key"] | MapKind["value"])[]);

/** Whether such keys or values, of 4 bytes, are numbers also where the object tells no type. */
export function isKernelNumber(what: MapKind["key"] | MapKind["value"]): boolean {
  return kernelNumbers.has(what);
}
