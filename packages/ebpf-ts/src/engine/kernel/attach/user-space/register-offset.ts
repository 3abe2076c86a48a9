import { EbpfError } from "../../../../base/errors.ts";
import { UserRegsArm64, UserRegsX64 } from "../../../../uapi/structs.gen.ts";

/** EM_AARCH64 */
const AARCH64 = 183;

const x64: Readonly<Record<string, { readonly at: number } | undefined>> = UserRegsX64.fields;

/** Bytes from the start of the kernel's `struct pt_regs` of a machine (EM_*): `ax` and `r8` of x86-64, `x0` and `sp` of arm64. */
export function registerOffset(register: string, machine: number): number {
  const { regs, sp } = UserRegsArm64.fields;
  const onArm = register === "sp" ? sp.at : regs.at + 8 * Number(register.slice(1));
  const offset = machine === AARCH64 ? onArm : x64[register]?.at;
  if (offset !== undefined) return offset;
  throw new EbpfError("BAD_OBJECT", `There is no register ${register}`);
}
