import type { HelperId } from "../../../uapi/uapi.gen.ts";
import type { HelperFunction } from "../machine/helper.ts";

/** The helpers of one subject, by the kernel's names without `bpf_`. */
export type HelperGroup = Readonly<Partial<Record<keyof typeof HelperId, HelperFunction>>>;

/** An argument that the kernel declares as u32. */
export function u32(argument: bigint): number {
  return Number(BigInt.asUintN(32, argument));
}
