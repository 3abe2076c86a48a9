import type { Pinnable } from "./pinnable.ts";
import type { EnginePerf, PerfOptions } from "./perf.ts";
import type { EngineLink, EngineProgram } from "./program.ts";
import type { EngineRing } from "./ring.ts";

/** What a map is, as the kernel tells it (`struct bpf_map_info`). Sizes are bytes. */
export interface MapInfo {
  readonly name: string;
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  /** The kernel's id; 0 on the embedded engine. */
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

/** Keys and values are bytes here; the live nouns in `map/` give them types. */
export interface EngineMap extends Pinnable {
  readonly info: MapInfo;
  /** Values of a per-CPU map are `cpus` values in a row, each padded to a multiple of 8 bytes, as bpf(2) has it. */
  readonly cpus: number;
  /** A copy of the value; undefined when there is no such key. */
  lookup(key: Uint8Array): Uint8Array | undefined;
  /** `flags`: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2. */
  update(key: Uint8Array, value: Uint8Array, flags: number): void;
  /** False when there was no such key. */
  delete(key: Uint8Array): boolean;
  /** The value, which leaves the map with that, in one step (BPF_MAP_LOOKUP_AND_DELETE_ELEM); undefined when there is no such key. */
  take?(key: Uint8Array): Uint8Array | undefined;
  /** The key after `key`, or the first; undefined at the end. A key that is gone starts anew. */
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined;
  /** Many entries in one call, where the engine has it. `cursor` is opaque; undefined starts. */
  lookupBatch?(cursor: Uint8Array | undefined, count: number): MapBatch;
  /**
   * Writes many entries in one call, in their order, and gives how many of the first it has written; `update` says why not the next one
   * (BPF_MAP_UPDATE_BATCH, Linux 5.6).
   */
  updateBatch?(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): number;
  /** Deletes many keys in one call, up to the first that there is not, and gives how many (BPF_MAP_DELETE_BATCH, Linux 5.6). */
  deleteBatch?(keys: readonly Uint8Array[]): number;
  /** The bytes of an array that is mapped into memory, live (BPF_F_MMAPABLE); read-only memory is never handed out here. */
  memory?(): Uint8Array;
  /**
   * The same for reading only, also where it must not be written. For getters alone, and never handed to a user: on the kernel, a
   * store into it ends the process.
   */
  readOnlyMemory?(): Uint8Array;
  /** Of an arena: copies of its bytes, from its beginning on. */
  readBytes?(offset: number, length: number): Uint8Array;
  /** Of an arena: puts bytes there, and leaves what is beside them. */
  writeBytes?(offset: number, bytes: Uint8Array): void;
  /** Whether user space may not write it any more (BPF_MAP_FREEZE), nor map it for writing. */
  readonly frozen?: boolean;
  /** What {@link memory} has given, if it was asked. */
  readonly openMemory?: Uint8Array | undefined;
  /**
   * For good, and for this object alone: `update` and `delete` are refused, `frozen` is true, and what {@link memory} has given is for reading only:
   * on the kernel, a store into it ends the process.
   */
  seal?(): void;
  /** Opens the rings of a perf event array, one per CPU; there is one reader at a time. */
  perf?(options: PerfOptions): EnginePerf;
  /** For the two kinds of ring. */
  ring?(): EngineRing;
  /** Prog array: which program stands at an index. */
  setProgram?(index: number, program: EngineProgram): void;
  /** Map of maps: which map stands at a key. */
  setMap?(key: Uint8Array, map: EngineMap): void;
  /** Either: what has an id, as the entry is read. */
  setId?(key: Uint8Array, id: number): void;
  /** Bloom filter: whether a value may be in it. */
  contains?(value: Uint8Array): boolean;
  /** Operations of the kernel (struct_ops): has the kernel call their programs, until the link ends. */
  attach?(): Promise<EngineLink>;
  /** Takes the right to write from user space, for good (BPF_MAP_FREEZE, Linux 5.2). */
  freeze?(): void;
}

/** Entries that were read in one call (BPF_MAP_LOOKUP_BATCH, Linux 5.6): the value at an index belongs to the key there. */
export interface MapBatch {
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
  /** Undefined at the end. */
  readonly next: Uint8Array | undefined;
}
