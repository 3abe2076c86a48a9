/** Numbers of the system calls that are made by number: arch/x86/entry/syscalls/syscall_64.tbl and asm-generic/unistd.h. */
interface SyscallNumbers {
  readonly bpf: number;
  readonly perfEventOpen: number;
}

const numbers: Readonly<Record<string, SyscallNumbers>> = {
  x64: { bpf: 321, perfEventOpen: 298 },
  arm64: { bpf: 280, perfEventOpen: 241 },
};

/** Other architectures are refused before, when libc is loaded. */
export function syscallNumbers(): SyscallNumbers {
  return numbers[process.arch] ?? numbers["x64"]!;
}
