/** What a loader makes of an object: what judge.c prints of libbpf, and describe-ours.ts gives of this library. Errors are negative. */
export interface LoadReport {
  /** Which libbpf it was. */
  readonly libbpf?: string;
  /** 0, or why it cannot be opened. */
  readonly open: number;
  /** 0, or why it cannot be loaded as a whole: then each program was tried by itself. */
  readonly load: number;
  readonly maps: readonly MapReport[];
  /** Those that are to be loaded. */
  readonly programs: readonly ProgramReport[];
}

/** In place of an error number: the library refused without asking the kernel. */
export const refusedUnasked = -1_000_000;

export interface MapReport {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly mapExtra: number;
  /** Whether the kernel knows the types of its keys and values. */
  readonly typed: boolean;
  /** Of operations of the kernel, where it was asked for: 0, or why they cannot be attached. */
  readonly attached?: number | undefined;
}

export interface ProgramReport {
  readonly name: string;
  readonly outcome: number;
  readonly type: number;
  /** Of programs that were loaded. */
  readonly tag?: string | undefined;
  /** Where it was asked for: 0, or why it cannot be attached as its section says; null where that does not say. */
  readonly attached?: number | null | undefined;
  /** Of ours: what the error says that says why not. */
  readonly attachMessage?: string | undefined;
  /** Of ours: what the error says. */
  readonly message?: string | undefined;
}
