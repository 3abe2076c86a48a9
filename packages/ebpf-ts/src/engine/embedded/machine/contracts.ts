/**
 * The seams inside the embedded engine.
 *
 * A collection is one shared WebAssembly memory, in which everything that a program may point at lives (map values, ring
 * data, stacks, contexts), plus one buffer of bookkeeping a map (hash chains, positions, locks), which no program
 * can reach. A pointer is an offset in the memory. Both are shared where the host has shared memory, so that a worker thread which traces
 * a command runs the same programs on the same maps: it is sent a {@link MachineImage} and opens it.
 */
import type { RingMemory } from "../../../ring/ring-memory.ts";
import type { MemoryPlan, Region, Span } from "../memory/region.ts";
import type { WasmMemory } from "../memory/wasm-memory.ts";

/** Everything a thread needs to run a collection's programs; survives `postMessage`. */
export interface MachineImage {
  readonly memory: WasmMemory;
  readonly regions: readonly Region[];
  /** Where memory is taken from while programs run. */
  readonly heap: Span;
  /** Address of the directory of maps that were made after load. */
  readonly directory: number;
  readonly cpus: number;
  readonly maps: readonly MachineMapImage[];
  readonly programs: readonly MachineProgramImage[];
  readonly instructionBudget: number;
  /** Who runs the programs, by the name that `open-machine.ts` knows. */
  readonly executor: string;
  /** Int32: the state of CPUs, shared by all threads. */
  readonly shared: ArrayBufferLike;
}

export interface MachineProgramImage {
  readonly name: string;
  readonly section: string;
  readonly kind: string;
  readonly attachTo: string;
  /** BPF_PROG_TYPE_*; a prog array takes only programs of one type. */
  readonly type: number;
  /** Linked and resolved machine code, 8 bytes a slot. Map references hold handles (see `map-handle.ts`). */
  readonly code: Uint8Array;
  /** First slots of the functions, ascending; the program's own is 0. */
  readonly functions: readonly { readonly slot: number; readonly name: string }[];
  /** Sorted by slot; the C line of a slot is the last entry at or before it. */
  readonly lines: readonly {
    readonly slot: number;
    readonly file: string;
    readonly line: number;
    readonly text: string;
  }[];
}

export interface MachineMapImage {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly readOnly: boolean;
  /** Address of the values, or of a ring's data. */
  readonly address: number;
  /** Address of the bookkeeping, which no program can reach; its layout is the map kind's own business. 0 when there is none. */
  readonly state: number;
}

/** A map as helpers and the engine see it. Results are 0 or a negative errno, addresses are 0 for NULL: the kernel's way. */
export interface MachineMap {
  readonly image: MachineMapImage;
  /**
   * Address of the value, for per-CPU maps that of `cpu`. `key` is the address of `keySize` bytes, read in place: should another thread
   * change them meanwhile, either key is looked up, or none, as in the kernel.
   */
  lookup(key: number, cpu: number): number;
  /** Files the key, so that it must be one that nobody changes meanwhile. */
  update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number;
  delete(key: Uint8Array): number;
  /** The next key, or undefined at the end; undefined as argument asks for the first. */
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined;
  /** The bpf(2) side: all CPUs' values in a row, padded to 8 bytes each, for per-CPU maps. */
  read(key: Uint8Array): Uint8Array | undefined;
  write(key: Uint8Array, value: Uint8Array, flags: number): number;
  /** Entries for bpf_for_each_map_elem, with the address of each value. */
  entries?(cpu: number): Iterable<{ readonly key: Uint8Array; readonly value: number }>;
  readonly ring?: MachineRing;
  readonly userRing?: MachineUserRing;
  /** Index of the program at that slot of a prog array; -1 when empty. */
  programAt?(index: number): number;
  setProgramAt?(index: number, program: number): number;
  /** Makes this thread's view of a ring say that it is closed; other maps have nothing that could be used afterwards. */
  close?(): void;
}

/** The program's side of a BPF_MAP_TYPE_RINGBUF; kernel/bpf/ringbuf.c is the model. */
export interface MachineRing {
  /** Address of the payload, or 0 (see ring-buffers: when reserve gives NULL). */
  reserve(size: number, flags: bigint): number;
  /** Both end the record whose payload is at `address`. */
  submit(address: number, flags: bigint): void;
  discard(address: number, flags: bigint): void;
  /** 0, -EINVAL, -EAGAIN. */
  output(data: Uint8Array, flags: bigint): number;
  /** User space's output: 0, or -EAGAIN when less than `leaveFree` bytes would be free then. */
  inject(data: Uint8Array, leaveFree: number): number;
  query(flags: bigint): bigint;
  /** How many records of programs found no room so far. */
  readonly refused: number;
  /** Payload length of the record at `address`. */
  lengthAt(address: number): number;
  /** For user space. */
  readonly memory: RingMemory;
  /** Int32Array element that is bumped and notified at every wake-up. */
  readonly bell: Int32Array;
}

/** The program's side of a BPF_MAP_TYPE_USER_RINGBUF: the drain, in the kernel's order of checks. */
export interface MachineUserRing {
  /**
   * `onSample` gets each sample's payload address and size; 0 goes on, 1 stops.
   * Returns the number of samples, or -EINVAL, -E2BIG, -EBUSY.
   */
  drain(onSample: (address: number, size: number) => number, flags: bigint): number;
  readonly memory: RingMemory;
  /** Notified when a drain made room. */
  readonly bell: Int32Array;
}

/** The task that a program runs for, as its helpers report it. */
export interface Task {
  /** Thread id, the low half of bpf_get_current_pid_tgid. */
  readonly pid: number;
  /** Process id, the upper half. */
  readonly tgid: number;
  readonly uid: number;
  readonly gid: number;
  /** At most 15 bytes are seen. */
  readonly comm: string;
  /** Reads the task's own memory, for bpf_probe_read_user; false when any of it cannot be read. */
  readUser(address: bigint, into: Uint8Array): boolean;
}

/** What a program gets in r1, in the kernel's layout. */
export interface RunContext {
  readonly bytes: Uint8Array;
  /** The first byte that a program may read: tracepoints keep 8 bytes for the kernel. */
  readonly readableFrom?: number;
  readonly writable?: boolean;
  /** Kernel objects that the context points at: each is copied behind it, and its address written at `at`. */
  readonly objects?: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

export interface MachineRunResult {
  /** r0 of the exit, unsigned 64 bits. */
  readonly returnValue: bigint;
  readonly instructions: number;
  /** The context bytes after the run. */
  readonly context: Uint8Array;
}

/** One thread's view of a collection, opened from an image. */
export interface Machine {
  readonly image: MachineImage;
  /** Those of the image. */
  readonly maps: readonly MachineMap[];
  /**
   * Makes a map after load, which all threads find by the index that this gives, and programs by its handle (`map-handle.ts`). `plan` says
   * how much memory it takes. EbpfError NO_SPACE when the heap has no room for it.
   */
  addMap(plan: (memory: MemoryPlan) => MachineMapImage): number;
  /** A map of the image, or one that was made later; undefined when there is none of that index, or no more. */
  mapAt(index: number): MachineMap | undefined;
  /** Takes away a map that was made later. Its memory is used again when the runs have ended that may hold it. */
  removeMap(index: number): boolean;
  /** Runs one program on a free CPU. Throws ProgramFault; whatever the run held (reservations, its CPU) is given back first. */
  run(program: number, context: RunContext, task: Task): MachineRunResult;
  onPrint: (line: string) => void;
}
