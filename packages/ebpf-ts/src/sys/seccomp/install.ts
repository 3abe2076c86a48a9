import { architecture } from "../../host/this-process.ts";
import { SockFilter, SockFprog } from "../../uapi/structs.gen.ts";
import { Prctl, Seccomp } from "../../uapi/uapi.gen.ts";
import { arm64Syscalls, x64Syscalls } from "../../uapi/syscalls.gen.ts";
import { errno, func } from "../ffi/libc.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";

/** Numbers of this machine's system calls, by the kernel's names. */
export function ownSyscalls(): Readonly<Record<string, number>> {
  return architecture === "arm64" ? arm64Syscalls : x64Syscalls;
}

/**
 * Gives up, for the calling thread and those that it starts, what set-user-ID programs and file capabilities would give
 * (PR_SET_NO_NEW_PRIVS, Linux 3.5). 0, or the negative errno.
 */
export function giveUpNewPrivileges(): number {
  const prctl = func("int prctl(int option, ulong a, ulong b, ulong c, ulong d)");
  return prctl(Prctl.SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno() : 0;
}

/**
 * Puts a filter over all threads of the process (seccomp(2), SECCOMP_FILTER_FLAG_TSYNC, Linux 3.17). Where the calling thread has given up
 * new privileges, all threads have with it (seccomp_sync_threads in kernel/seccomp.c). It can never be taken off.
 *
 * Gives 0; the negative errno; or the id of a thread that has another filter already, and then none was put on.
 */
export function filterAllThreads(filter: Uint8Array): number {
  const program = new KernelStruct(SockFprog, { len: filter.length / SockFilter.size, filter });
  const syscall = func("long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e)");
  const number = ownSyscalls()["seccomp"]!;
  const result = syscall(number, Seccomp.SET_MODE_FILTER, Seccomp.FILTER_FLAG_TSYNC, program.address, 0, 0);
  return result < 0 ? -errno() : result;
}
