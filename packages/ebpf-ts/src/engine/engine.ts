import type { EbpfError } from "../base/errors.ts";
import type { KconfigValue } from "../spec/kconfig-value.ts";
import type { CollectionSpec } from "../spec/types.ts";
import type { EngineCommand, HeldCommand, SpawnOptions } from "./command.ts";
import type { EngineName } from "./engine-name.ts";
import type { EngineMap } from "./map.ts";
import type { EnginePrints, PrintedLine } from "./prints.ts";
import type { EngineProgram, EngineProgramOptions } from "./program.ts";
import type { EventFilter, EventScope, ScopeName } from "./scope.ts";

/** The contract that an engine fulfils: it brings a spec to life. */
export interface Engine {
  readonly name: EngineName;
  /** Why it was taken where nobody has named one: a sentence about the one before it. Left out: it is the first choice, or was named. */
  readonly takenSince?: string | undefined;
  /** Makes the maps, and loads the programs. Throws `EbpfError`, and leaves nothing behind then. */
  load(spec: CollectionSpec, options: EngineOptions): Promise<EngineCollection>;
  /** Makes a command that waits for `EngineCollection.start`; left out where the engine starts none. */
  hold?(file: string, args: readonly string[], options: SpawnOptions): Promise<HeldCommand>;
}

/** What every engine is told, whoever asks it to load. */
export interface EngineOptions {
  /** A line that a program printed with `bpf_trace_printk` (embedded engine; of the kernel, see {@link EngineCollection.prints}). */
  readonly onPrint: (line: string) => void;
  /** A run of an attached program that was ended by a fault (embedded engine). */
  readonly onFault: (fault: EbpfError) => void;
  /** Whose events reach the attached programs; undefined: the commands' of `spawn()`, once there is one. */
  readonly scope?: ScopeName | undefined;
  readonly filter?: EventFilter | undefined;
  /** By name: maps that stand for those of the object, or paths where they are pinned (kernel engine). */
  readonly reuse?: ReadonlyMap<string, EngineMap | string> | undefined;
  /** By name: what there is to tell of single programs (kernel engine). */
  readonly programs?: ReadonlyMap<string, EngineProgramOptions> | undefined;
  /** Settings of the kernel (`__kconfig`) by name, in place of those that the engine has. */
  readonly kconfig?: Readonly<Record<string, KconfigValue>> | undefined;
  /** How many instructions one run may take (embedded engine). */
  readonly instructionBudget?: number | undefined;
  /** How many milliseconds one run may take (embedded engine). */
  readonly maxRunMs?: number | undefined;
}

/** A loaded object as an engine has it; `Collection` is what a user has of it. */
export interface EngineCollection {
  readonly engine: EngineName;
  readonly maps: ReadonlyMap<string, EngineMap>;
  readonly programs: ReadonlyMap<string, EngineProgram>;
  /** Maps that could not be made, and that nothing which was loaded needs: whoever opens one is told why. */
  readonly missing?: ReadonlyMap<string, EbpfError> | undefined;
  /** Whose events reach the attached programs. */
  readonly scope: EventScope;
  /** Starts a command: its doings, and its descendants', are the events of the attached programs, unless the scope is the system. */
  spawn(file: string, args: readonly string[], options: SpawnOptions): Promise<EngineCommand>;
  /** As {@link spawn}, of a command that the engine holds. */
  start?(held: HeldCommand): Promise<EngineCommand>;
  /** Hands over what its programs print from now on. `onFailure` is told, once, why no more lines come. */
  prints?(onLine: (line: PrintedLine) => void, onFailure: (error: unknown) => void): EnginePrints;
  /** Before this process gives up the power that loading took; left out where nothing depends on it. */
  prepareLockDown?(): Promise<void>;
  /** Whether maps by key, and programs by hand, go on in a process that has given up its capabilities. Left out: they do. */
  goesOnWithoutPrivilege?(): boolean;
  /** Ends the runs of programs in all threads, and lets none begin: the first of a close, which waits for much else. */
  endRuns?(): void;
  /** Detaches and closes everything. Idempotent. */
  close(): Promise<void>;
}
