import type { MachineProgram } from "./machine-program.ts";
import type { Run } from "./run.ts";

/** r0 after the call; or, of bpf_tail_call alone, the program to go on at, in the same frame. */
export type HelperResult = bigint | MachineProgram;

/**
 * A helper: r1 to r5 in, r0 out. A negative errno is returned as the negative number that it is. What the kernel's
 * verifier would have refused (memory that is not there, a map that is none) is a fault.
 */
export type HelperFunction = (run: Run, a1: bigint, a2: bigint, a3: bigint, a4: bigint, a5: bigint) => HelperResult;

/** By BPF_FUNC_*. */
export type HelperTable = readonly (HelperFunction | undefined)[];
