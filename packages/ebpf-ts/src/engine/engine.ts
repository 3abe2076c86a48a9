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

export interface EngineRing {
  readonly memory: RingMemory;
  /** Rings when there is data (event ring) or room (user ring). */
  bell(onRing: () => void): RingBell;
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

export interface EngineProgram {
  readonly info: ProgramInfo;
  /** Runs it once by hand (BPF_PROG_TEST_RUN). */
  run(options: RunOptions): Promise<RunResult>;
  /** Attaches where its section name says. */
  attach(): Promise<EngineLink>;
  pin?(path: string): void;
}

export interface EngineLink {
  detach(): Promise<void>;
}
