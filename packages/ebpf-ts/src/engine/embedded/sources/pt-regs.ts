import { PtRegsArm64, UserRegsX64 } from "../../../uapi/structs.gen.ts";

/** Where the registers of a calling convention stand in the kernel's `struct pt_regs`, in bytes. */
export interface PtRegs {
  /** Bytes of it, as far as it is given to programs. */
  readonly size: number;
  /** Of the first arguments of a function: PT_REGS_PARM1 … */
  readonly args: readonly number[];
  /** PT_REGS_RC */
  readonly result: number;
}

const { di, si, dx, cx, r8, r9, ax, ss } = UserRegsX64.fields;

export const ptRegs: Readonly<Record<"x64" | "arm64", PtRegs>> = {
  // System V AMD64.
  x64: { size: ss.end, args: [di, si, dx, cx, r8, r9].map(({ at }) => at), result: ax.at },
  // AAPCS64: x0 to x7, and x0.
  arm64: { size: PtRegsArm64.size, args: [0, 1, 2, 3, 4, 5, 6, 7].map((index) => 8 * index), result: 0 },
};
