import { contextShape } from "../../../../kinds/find-program-kind.ts";
import { ProgType } from "../../../../uapi/uapi.gen.ts";
import type { ContextType } from "../context-type.ts";
import type { SyscallAttachPoint } from "./attach-point.ts";
import { traceArchitecture } from "./architecture.ts";

const { hidden } = contextShape(ProgType.TRACEPOINT);

/** 8 bytes of the kernel's own | nr u32 at 8 | args u64[6] at 16. Of raw_syscalls/sys_enter the same, with nr as a 64-bit id. */
export const enterContext: ContextType = { size: 64, hidden };
/** 8 bytes of the kernel's own | nr u32 at 8 | ret s64 at 16. Of raw_syscalls/sys_exit the same, with nr as a 64-bit id. */
export const exitContext: ContextType = { size: 24, hidden };

/** Of raw_tp/sys_enter and sys_exit: pt_regs * | id or ret. */
export function rawContext(ptRegsSize: number): ContextType {
  return { size: 16, objects: [{ at: 0, size: ptRegsSize }] };
}

export function syscallContextType({ context, when }: SyscallAttachPoint, architecture: string): ContextType {
  if (context === "raw") return rawContext(traceArchitecture(architecture)?.ptRegsSize ?? 0);
  return when === "enter" ? enterContext : exitContext;
}
