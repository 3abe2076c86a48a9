import { AuditArchitecture } from "../../../../sys/seccomp/classic-bpf.ts";
import { putNumber } from "../../../../uapi/fields.ts";
import { PtRegsArm64, UserRegsArm64, UserRegsX64 } from "../../../../uapi/structs.gen.ts";
import { ptRegs } from "../pt-regs.ts";

/** What differs between the architectures, in a task that has stopped at a system call. */
export interface TraceArchitecture {
  readonly name: "x64" | "arm64";
  /** AUDIT_ARCH_* of native system calls. */
  readonly audit: number;
  /** Bytes of the general registers, as PTRACE_GETREGSET has them. */
  readonly registersSize: number;
  /** Bytes of the kernel's `struct pt_regs`, as far as it is given to programs. */
  readonly ptRegsSize: number;
  /** Whether a system call can be made in the task's name (see install-filter.ts). */
  readonly injects: boolean;
}

const x64: TraceArchitecture = {
  name: "x64",
  audit: AuditArchitecture.x64,
  registersSize: UserRegsX64.size,
  ptRegsSize: ptRegs.x64.size,
  injects: true,
};

const arm64: TraceArchitecture = {
  name: "arm64",
  audit: AuditArchitecture.arm64,
  registersSize: UserRegsArm64.size,
  ptRegsSize: ptRegs.arm64.size,
  injects: false,
};

export function traceArchitecture(name: string): TraceArchitecture | undefined {
  if (name === "x64") return x64;
  return name === "arm64" ? arm64 : undefined;
}

/** Fills in what `struct pt_regs` has and the general registers have not: the first argument and the number on arm64. */
export function completePtRegs(
  architecture: TraceArchitecture,
  registers: Uint8Array,
  syscall: number,
  firstArgument: Uint8Array,
): void {
  if (architecture.name !== "arm64") return;
  const { orig_x0, syscallno } = PtRegsArm64.fields;
  registers.set(firstArgument, orig_x0.at);
  putNumber(new DataView(registers.buffer, registers.byteOffset), 0, syscallno, syscall);
}
