import { contextShape } from "../../../../kinds/find-program-kind.ts";
import { RawSysEnter, RawSysExit } from "../../../../uapi/structs.gen.ts";
import { ProgType } from "../../../../uapi/uapi.gen.ts";
import type { ContextType } from "../context-type.ts";
import type { SyscallAttachPoint } from "./attach-point.ts";
import { traceArchitecture } from "./architecture.ts";

const { hidden } = contextShape(ProgType.TRACEPOINT);

/** Of raw_syscalls/sys_enter, and, with a number of 32 bits, of syscalls/sys_enter_*: bytes of the kernel's own, id, args. */
export const enterContext: ContextType = { size: RawSysEnter.size, hidden };
/** Of raw_syscalls/sys_exit, and, with a number of 32 bits, of syscalls/sys_exit_*: bytes of the kernel's own, id, ret. */
export const exitContext: ContextType = { size: RawSysExit.size, hidden };

export const rawValueAt = 8;

/** Of raw_tp/sys_enter and sys_exit, two words: pt_regs *, id or ret. */
export function rawContext(ptRegsSize: number): ContextType {
  return { size: 2 * 8, objects: [{ at: 0, size: ptRegsSize }] };
}

export function syscallContextType({ context, when }: SyscallAttachPoint, architecture: string): ContextType {
  if (context === "raw") return rawContext(traceArchitecture(architecture)?.ptRegsSize ?? 0);
  return when === "enter" ? enterContext : exitContext;
}
