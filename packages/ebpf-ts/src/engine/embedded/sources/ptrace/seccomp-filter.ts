import {
  type ClassicInstruction,
  encodeFilter,
  giveBack,
  jumpIfAtLeast,
  jumpIfEqual,
  loadWord,
  SeccompAction,
  x32Bit,
} from "../../../../sys/seccomp/classic-bpf.ts";
import { SeccompData } from "../../../../uapi/structs.gen.ts";

const { trace, allow } = SeccompAction;

/**
 * A seccomp filter, as an array of `struct sock_filter`, that stops a task at some system calls (all, when `syscalls` is
 * undefined) and lets everything else pass, also what the system calls of another ABI are.
 */
export function seccompFilter(syscalls: readonly number[] | undefined, auditArchitecture: number): Uint8Array {
  const program: ClassicInstruction[] = [
    loadWord(SeccompData.fields.arch.at),
    jumpIfEqual(auditArchitecture, 1, 0),
    giveBack(allow),
    loadWord(SeccompData.fields.nr.at),
    jumpIfAtLeast(x32Bit, 0, 1),
    giveBack(allow),
  ];
  for (const syscall of syscalls ?? []) program.push(jumpIfEqual(syscall, 0, 1), giveBack(trace));
  program.push(giveBack(syscalls === undefined ? trace : allow));
  return encodeFilter(program);
}
