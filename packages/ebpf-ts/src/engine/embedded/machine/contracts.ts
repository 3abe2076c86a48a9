/**
 * The seams inside the embedded engine.
 *
 * A collection is one WebAssembly memory. In it lives everything that a program may point at (map values, ring data, stacks, contexts),
 * and, on pages that the page table keeps from programs, what the machine keeps of its maps (hash chains, positions, locks). A pointer is
 * an offset in the memory. It is shared where the host has shared memory, so that a worker thread which traces a command runs the
 * same programs on the same maps: it is sent a {@link MachineImage} and opens it.
 */
import type { MemoryPlan } from "../memory/region.ts";
import type { Clock } from "./clock.ts";
import type { MachineImage, MachineMapImage } from "./image.ts";
import type { MachineMap } from "./machine-map.ts";

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
  /** Its place in the unified hierarchy, as /proc/self/cgroup has it: for filters. */
  readonly cgroup?: string | undefined;
  /**
   * Reads the task's own memory, for bpf_probe_read_user; false when any of it cannot be read. Without it, programs read none, and asking for
   * some is a fault.
   */
  readonly readUser?: ((address: bigint, into: Uint8Array) => boolean) | undefined;
}

/** Where and when a run printed a line. */
export interface RunOrigin {
  /** The thread's id of its task. */
  readonly pid: number;
  readonly cpu: number;
  /** Nanoseconds of the machine's monotonic clock. */
  readonly time: bigint;
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

export interface MachineRunOptions {
  /** One that there is; any that is free when it is left out. */
  readonly cpu?: number | undefined;
  /** How often it runs, with the context that the run before has left. The time is limited for all of them together, the instructions for each. */
  readonly repeat?: number | undefined;
}

/** Of the last run. */
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
  readonly clock: Clock;
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
  /** Runs one program. Throws ProgramFault, and CLOSED when the machine closes; whatever the run held (reservations, its CPU) is given back first. */
  run(program: number, context: RunContext, task: Task, options?: MachineRunOptions): MachineRunResult;
  /** Ends the runs of all threads; there are no more. */
  close(): void;
  onPrint: (line: string, origin: RunOrigin) => void;
}
