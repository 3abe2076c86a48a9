import { architecture } from "../../host/this-process.ts";

/** Numbers of the system calls that are made by number: arch/x86/entry/syscalls/syscall_64.tbl and asm-generic/unistd.h. */
interface SyscallNumbers {
  readonly bpf: number;
  readonly perfEventOpen: number;
  readonly futex: number;
  /** Linux 5.16 */
  readonly futexWaitv: number;
}

const numbers: Readonly<Record<string, SyscallNumbers>> = {
  x64: { bpf: 321, perfEventOpen: 298, futex: 202, futexWaitv: 449 },
  arm64: { bpf: 280, perfEventOpen: 241, futex: 98, futexWaitv: 449 },
};

/** Other architectures are refused before, when libc is loaded. */
export function syscallNumbers(): SyscallNumbers {
  return numbers[architecture] ?? numbers["x64"]!;
}
