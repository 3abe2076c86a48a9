import type { Region, Span } from "../memory/region.ts";
import type { TaskFilter } from "./task-filter.ts";
import type { WasmMemory } from "../memory/wasm-memory.ts";

/**
 * Everything a thread needs to run a collection's programs; survives `postMessage`.
 *
 * @opaque
 */
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
  /** Of one run; what helpers do counts as instructions. */
  readonly instructionBudget: number;
  /** Milliseconds that one run may take. */
  readonly maxRunMs: number;
  /** Whose events run programs; programs that are run by hand run in any case. */
  readonly filter: TaskFilter;
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
  /** map_extra, whose meaning is the map kind's own. */
  readonly extra: number;
  readonly readOnly: boolean;
  /** Address of the values, or of a ring's data. */
  readonly address: number;
  /** Address of the bookkeeping, which no program can reach; its layout is the map kind's own business. 0 when there is none. */
  readonly state: number;
}
