import type { HelperId } from "../../../uapi/uapi.gen.ts";
import type { Run } from "../machine/run.ts";

/**
 * A helper: r1 to r5 in, r0 out. A negative errno is returned as the negative number that it is. What the kernel's
 * verifier would have refused (memory that is not there, a map that is none) is a fault.
 */
export type HelperFunction = (run: Run, a1: bigint, a2: bigint, a3: bigint, a4: bigint, a5: bigint) => bigint;

/** The helpers of one subject, by the kernel's names without `bpf_`. */
export type HelperGroup = Readonly<Partial<Record<keyof typeof HelperId, HelperFunction>>>;

/** An argument that the kernel declares as u32. */
export function u32(argument: bigint): number {
  return Number(BigInt.asUintN(32, argument));
}
