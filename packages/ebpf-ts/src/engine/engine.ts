import type { PerfMemory } from "../ring/perf/perf-memory.ts";
import type { RingBell, RingMemory } from "../ring/ring-memory.ts";
import type { CollectionSpec } from "../spec/types.ts";
import type { EbpfError } from "../errors.ts";

export type EngineName = "kernel" | "embedded";

/** The contract that an engine fulfils: it brings a spec to life. */
export interface Engine {
  readonly name: EngineName;
  load(spec: CollectionSpec, options: EngineOptions): Promise<EngineCollection>;
}

export interface EngineOptions {
  /** A line that a program printed with `bpf_trace_printk` (embedded engine; the kernel has its own trace_pipe). */
  readonly onPrint: (line: string) => void;
  /** A run of an attached program that was ended by a fault (embedded engine). */
  readonly onFault: (fault: EbpfError) => void;
  /** How many instructions one run may take (embedded engine). */
  readonly instructionBudget?: number | undefined;
}

export interface EngineCollection {
  readonly engine: EngineName;
  readonly maps: ReadonlyMap<string, EngineMap>;
  readonly programs: ReadonlyMap<string, EngineProgram>;
  /**
   * Starts a command. On the embedded engine its system calls, and its children's, are the events of the attached
   * programs; on the kernel it is an ordinary child process.
   */
  spawn(file: string, args: readonly string[], options: SpawnOptions): Promise<EngineCommand>;
  /** Detaches and closes everything. Idempotent. */
  close(): Promise<void>;
}

export interface SpawnOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** `pipe` gives `EngineCommand.stdin`; the other two streams are inherited, or thrown away with `ignore`. */
  readonly stdin?: "inherit" | "ignore" | "pipe" | undefined;
  readonly stdout?: "inherit" | "ignore" | "stderr" | undefined;
}

export interface EngineCommand {
  readonly pid: number;
  /** Rejected with what `onPrint` or `onFault` threw; the command was killed then. */
  readonly exited: Promise<CommandExit>;
  /** Writes to the command's standard input (with `stdin: "pipe"`). */
  write(text: string): void;
  endInput(): void;
  kill(signal: NodeJS.Signals): void;
}

export interface CommandExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

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
export interface EngineMap {
  readonly info: MapInfo;
  /** Values of a per-CPU map are `cpus` values in a row, each padded to a multiple of 8 bytes, as bpf(2) has it. */
  readonly cpus: number;
  lookup(key: Uint8Array): Uint8Array | undefined;
  /** `flags`: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2. */
  update(key: Uint8Array, value: Uint8Array, flags: number): void;
  /** False when there was no such key. */
  delete(key: Uint8Array): boolean;
  /** The key after `key`, or the first; undefined at the end. A key that is gone starts anew. */
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined;
  /** Many entries in one call, where the engine has it. `cursor` is opaque; undefined starts. */
  lookupBatch?(cursor: Uint8Array | undefined, count: number): MapBatch;
  /** The bytes of an array that is mapped into memory, live (BPF_F_MMAPABLE); read-only memory is never handed out here. */
  memory?(): Uint8Array;
  /**
   * The same for reading only, also where it must not be written. For getters alone, and never handed to a user: on the kernel, a
   * store into it ends the process.
   */
  readOnlyMemory?(): Uint8Array;
  /** Whether user space may not write it any more (BPF_MAP_FREEZE), nor map it for writing. */
  readonly frozen?: boolean;
  /** Opens the rings of a perf event array, one per CPU; there is one reader at a time. */
  perf?(options: PerfOptions): EnginePerf;
  /** For the two kinds of ring. */
  ring?(): EngineRing;
  /** Prog array: which program stands at an index. */
  setProgram?(index: number, program: EngineProgram): void;
  pin?(path: string): void;
  unpin?(path: string): void;
  freeze?(): void;
}

export interface MapBatch {
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
  /** Undefined at the end. */
  readonly next: Uint8Array | undefined;
}

export interface PerfOptions {
  /** Pages of memory of each CPU's ring: a power of two. */
  readonly pages: number;
  /** Wakes the reader after so many bytes or events; undefined after each event. */
  readonly watermark: { readonly bytes: number } | { readonly events: number } | undefined;
  /** New records overwrite old ones, written backwards; the memory is then for reading only. */
  readonly overwritable: boolean;
}

export interface EnginePerf {
  readonly rings: readonly { readonly cpu: number; readonly memory: PerfMemory }[];
  /** Rings when one of the CPUs wakes its reader. What came while it was not armed may be missed: look at the rings after arming it. */
  bell(onRing: () => void): RingBell;
  /** While paused, programs cannot write: their events are lost, and counted (PERF_EVENT_IOC_PAUSE_OUTPUT, Linux 4.7). */
  setPaused(paused: boolean): void;
  /** Takes the rings out of the map. Idempotent. */
  close(): void;
}

export interface EngineRing {
  readonly memory: RingMemory;
  /** Rings when there is data (event ring) or room (user ring). */
  bell(onRing: () => void): RingBell;
  /**
   * Event ring: what writes into it from user space, for records of up to `size` bytes. It replaces the one before, and is
   * closed with the collection.
   */
  injector?(size: number): Promise<Injector>;
  /** Event ring: blocks this thread until there is data to read, at most so many milliseconds. False when the time is up. */
  waitSync?(timeoutMs: number): boolean;
  /** Event ring: how many records of programs found no room so far, where the engine counts them. */
  refused?(): number;
  /** What another thread of this process opens the same ring with, while the collection is open (`openSharedRing`). */
  share?(): RingHandle;
}

/** Survives `postMessage`; the rest of it is the engine's own business. */
export interface RingHandle {
  readonly engine: EngineName;
  readonly name: string;
  /** MapType.RINGBUF or MapType.USER_RINGBUF: who opens one as the other would write pages that are mapped read-only. */
  readonly type: number;
}

/** A ring that was opened a second time, by another thread. */
export interface OpenedRing {
  readonly ring: EngineRing;
  close(): void;
}

/** Writes the record at `index` at `offset` of the view, all of its bytes. */
export type WriteRecord = (view: DataView, offset: number, index: number) => void;

/**
 * Writes records into an event ring, in one order with what programs write: a batch is begun, filled, and flushed, without
 * anything else in between. Records find no room where they would leave less than `leaveFree` bytes of the ring free.
 */
export interface Injector {
  /** The largest record that it takes, in bytes. */
  readonly largest: number;
  /** Where payloads are put. */
  readonly view: DataView;
  /** Begins a batch; what was staged and not flushed is forgotten. */
  begin(leaveFree: number): void;
  /** Offset in the view of space for a payload; -1 when the ring, or the batch, has no room for it now. */
  stage(size: number): number;
  /** Takes back what was staged last. */
  unstage(): void;
  /**
   * Stages up to `count` records of `size` bytes, the first with index `from`: as many as there is room for. When `write` throws, those before
   * its record are staged.
   */
  fill(count: number, size: number, write: WriteRecord, from: number): void;
  /** Records of the batch so far. */
  readonly staged: number;
  /** Ends the batch. Gives how many were written, the first ones; the ring had no room for the others. */
  flush(): number;
}

export interface ProgramInfo {
  readonly name: string;
  readonly type: number;
  readonly id: number;
  /** First 8 bytes of the digest of the code, in hexadecimal, as bpftool prints it. */
  readonly tag: string;
}

export interface RunOptions {
  /** Context for the program, in the kernel's layout for its type. */
  readonly context?: Uint8Array | undefined;
  /** Packet data, for the program types that work on packets (kernel engine). */
  readonly data?: Uint8Array | undefined;
  readonly repeat?: number | undefined;
  /** The CPU to run on: raw tracepoints only (BPF_F_TEST_RUN_ON_CPU, Linux 5.10; kernel engine). */
  readonly cpu?: number | undefined;
}

export interface RunResult {
  /** Unsigned 32 bits. */
  readonly returnValue: number;
  /** The context after the run, where the program type may write it. */
  readonly context: Uint8Array | undefined;
  readonly data: Uint8Array | undefined;
  /** Mean nanoseconds of a run. */
  readonly duration: number;
}

/** A place in the code of user space: a function, or an offset in the file, or an offset in a function. */
export interface UprobeOptions {
  /** Of the executable or shared library. */
  readonly path: string;
  /** Name of a function. */
  readonly symbol?: string | undefined;
  /** Bytes from the function, or, without one, from the start of the file. */
  readonly offset?: number | undefined;
  /** Only where this process comes along, in any of its threads; every process when left out. */
  readonly pid?: number | undefined;
  /** Where the function returns rather than where it begins; by default as the section says (`uretprobe`). */
  readonly returns?: boolean | undefined;
}

export interface EngineProgram {
  readonly info: ProgramInfo;
  /** Runs it once by hand (BPF_PROG_TEST_RUN). */
  run(options: RunOptions): Promise<RunResult>;
  /** Attaches where its section name says. */
  attach(): Promise<EngineLink>;
  attachUprobe?(options: UprobeOptions): Promise<EngineLink>;
  pin?(path: string): void;
}

export interface EngineLink {
  detach(): Promise<void>;
}
