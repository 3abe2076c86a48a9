import type { KsyscallTarget } from "../../../../../attach/targets/kernel/ksyscall.ts";
import { architecture } from "../../../../../host/this-process.ts";
import { findProgramKind } from "../../../../../kinds/find-program-kind.ts";
import type { Attach } from "../../attachment.ts";
import { attachKprobeTo } from "../../kernel-functions/attach-kprobe.ts";

/** As the kernel names architectures in functions, where Node names them otherwise. */
const names: Readonly<Record<string, string>> = { riscv64: "riscv", ppc64: "powerpc64" };

/**
 * A kernel probe of what user space enters the kernel by. Where system calls get `struct pt_regs` in the place of their arguments
 * (Linux 4.17 on x86-64, 4.19 on arm64) that has the architecture in its name, and is there for each of them.
 */
export const attachKsyscall: Attach<KsyscallTarget> = async (request) => {
  const { name, returns = findProgramKind(request.spec.kind)?.atReturn === true, cookie } = request.target;
  const symbols = [`__${names[architecture] ?? architecture}_sys_${name}`, `__se_sys_${name}`];
  return attachKprobeTo(request, { symbols, offset: 0, returns, cookie });
};
