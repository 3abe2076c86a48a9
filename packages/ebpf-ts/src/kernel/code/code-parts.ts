import type { LineInfo } from "../../btf/types.ts";

/** A function of a loaded program, and where its code begins in `instructions`. */
export interface ProgramFunction {
  readonly name: string;
  readonly slot: number;
}

/** The machine code of one function of a program. */
export interface MachineFunction {
  /** `bpf_prog_<tag>_<name>` is what the kernel calls it; this is the name alone, empty where it is not known. */
  readonly name: string;
  /** In the kernel. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Where the code of C lines begins, in bytes from the start of the function. */
  readonly lines: readonly { readonly offset: number; readonly line: LineInfo }[];
}

/** Where the kernel writes what does not stand in the struct. */
export interface CodeBuffers {
  readonly translated: Uint8Array;
  readonly jited: Uint8Array;
  readonly functions: Uint8Array;
  readonly lines: Uint8Array;
  readonly addresses: BigUint64Array;
  readonly lengths: Uint32Array;
  readonly lineAddresses: BigUint64Array;
}
