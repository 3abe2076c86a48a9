/**
 * The seam between a collection of the embedded engine and what fires events for its programs. A source is a room beside this file, and a
 * place in the list that `embeddedEngine` is given.
 */
import type { EbpfError } from "../../../base/errors.ts";
import type { EngineCommand, HeldCommand, SpawnOptions } from "../../command.ts";
import type { PrintOrigin } from "../../prints.ts";
import type { Task } from "../machine/contracts.ts";
import type { MachineImage } from "../machine/image.ts";
import type { AttachPlace } from "./attach-place.ts";
import type { ContextType, EventContext } from "./context-type.ts";

/** What fires events for the programs of a collection: system calls of a command, calls of functions, or a source of your own. */
export interface EventSource {
  /** In messages, such as `traced commands`. */
  readonly name: string;
  /** What it has, in messages: `tracepoint/syscalls/*`. */
  readonly places: readonly string[];
  /** Called once for each collection, when it is loaded. What takes time or privilege is better left until something is attached. */
  start(host: SourceHost): RunningSource;
}

/** A source at work for one collection. */
export interface RunningSource {
  /**
   * The attach point of that name; undefined when this source has none. Throws (NOT_FOUND) for a name of its own kind that does not
   * exist: then, unless another source has it, that is why it cannot be attached.
   */
  find(place: AttachPlace): AttachPoint | undefined;
  /** Starts a command whose doings are this source's events, where it can do that: `Collection.spawn`. */
  spawn?(file: string, args: readonly string[], options: SpawnOptions): Promise<EngineCommand>;
  /** The same, of a command that waits already: `Collection.start`. */
  startHeld?(held: HeldCommand): Promise<EngineCommand>;
  /** The end of the collection: fires nothing more. Called once; what it throws, the collection's `close()` throws. */
  stop(): void | Promise<void>;
}

/** A place that a source has. */
export interface AttachPoint {
  readonly context: ContextType;
  /** From now on the program runs at this point: once an event for each time that it is attached, as in the kernel. */
  attach(program: number): AttachedProgram;
}

/** A program that is attached at one point. */
export interface AttachedProgram {
  /** From now on another program runs in its stead, without a gap. */
  replace(program: number): void;
  /** Idempotent. */
  detach(): void;
}

/** What a source is given of a collection. Programs are named by their index. */
export interface SourceHost {
  /**
   * Runs a program in this thread. Gives r0 (unsigned 64 bits); undefined when it faulted, which `onFault` was told, and for a task that the filter of `load()` keeps out. `task` is
   * this process when it is left out.
   */
  fire(program: number, context: EventContext, task?: Task): bigint | undefined;
  /** The task of events that this process itself brings about. */
  task(): Task;
  /** Whose registers the engine has. */
  readonly architecture: "x64" | "arm64";
  /** The programs, by index, and where their sections say that they belong. */
  readonly programs: readonly AttachPlace[];
  /**
   * For a thread of the source's own, which opens it with `openEventRunner`: that of `ebpf-ts/workers` on Node, that of `ebpf-ts/embedded`
   * in browsers. Throws NOT_SUPPORTED where threads share no memory; `action` follows "Cannot".
   */
  shareImage(action: string): MachineImage;
  /** The user's own, which may throw: for what a thread of the source's own has to tell. `fire` calls them by itself. */
  readonly onPrint: (line: string, origin?: PrintOrigin) => void;
  readonly onFault: (fault: EbpfError) => void;
}
