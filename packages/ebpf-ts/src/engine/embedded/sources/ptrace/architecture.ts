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
  audit: 0xc000_003e,
  registersSize: 27 * 8,
  // `struct user_regs_struct` begins like `struct pt_regs`: r15 … rax, orig_rax, rip, cs, eflags, rsp, ss.
  ptRegsSize: 21 * 8,
  injects: true,
};

const arm64: TraceArchitecture = {
  name: "arm64",
  audit: 0xc000_00b7,
  // regs[31], sp, pc, pstate
  registersSize: 34 * 8,
  // then orig_x0 u64 and syscallno s32
  ptRegsSize: 34 * 8 + 16,
  injects: false,
};

export function traceArchitecture(name: string): TraceArchitecture | undefined {
  if (name === "x64") return x64;
  return name === "arm64" ? arm64 : undefined;
}

/** Fills in what `struct pt_regs` has and the general registers have not: the first argument and the number on arm64. */
export function completePtRegs(
  architecture: TraceArchitecture,
  ptRegs: Uint8Array,
  syscall: number,
  firstArgument: Uint8Array,
): void {
  if (architecture.name !== "arm64") return;
  ptRegs.set(firstArgument, 34 * 8);
  new DataView(ptRegs.buffer, ptRegs.byteOffset).setInt32(35 * 8, syscall, true);
}
