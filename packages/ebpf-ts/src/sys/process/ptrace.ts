import { errno, func } from "../ffi/libc.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";
import { pinned } from "../ffi/pinned.ts";
import type { Pinned } from "../ffi/pinned.ts";
import { Iovec, type PtraceSyscallInfo } from "../../uapi/structs.gen.ts";

/** `PTRACE_*` requests (linux/ptrace.h, sys/ptrace.h). */
export const PtraceRequest = {
  traceMe: 0,
  pokeText: 4,
  cont: 7,
  singleStep: 9,
  attach: 16,
  syscall: 24,
  getEventMessage: 0x4201,
  getRegisterSet: 0x4204,
  setRegisterSet: 0x4205,
  seize: 0x4206,
  listen: 0x4208,
  getSyscallInfo: 0x420e, // Linux 5.3
} as const;

/** `PTRACE_O_*` */
export const PtraceOption = {
  traceSyscallGood: 1,
  traceFork: 0x2,
  traceVfork: 0x4,
  traceClone: 0x8,
  traceExec: 0x10,
  traceSeccomp: 0x80,
  exitKill: 0x10_0000,
} as const;

/** `PTRACE_EVENT_*`: bits 16 and up of a stop's status. */
export const PtraceEvent = { fork: 1, vfork: 2, clone: 3, exec: 4, seccomp: 7, stop: 128 } as const;

/** `op` of `struct ptrace_syscall_info`: at what kind of stop the task is. */
export const SyscallStop = { none: 0, entry: 1, exit: 2, seccomp: 3 } as const;

const NT_PRSTATUS = 1;
const WUNTRACED = 2;
const WALL = 0x4000_0000;
const WNOTHREAD = 0x2000_0000;

/** What waitpid(2) said of one task. `pid` is negative when it failed: `-errno`. */
export interface WaitResult {
  pid: number;
  status: number;
}

/**
 * ptrace(2) and waitpid(2) of the calling thread: only the thread that has seized a task may ask things of it.
 * Results are 0 or `-errno`: a task can be killed at any time, and `-ESRCH` is then an answer like any other.
 */
export class Ptrace {
  readonly #ptrace = func("long ptrace(long request, int pid, size_t addr, size_t data)");
  readonly #waitpid = func("int waitpid(int pid, size_t status, int options)");
  readonly #status: Pinned = pinned(8);
  readonly #message: Pinned = pinned(8);
  readonly #vector = new KernelStruct(Iovec);

  /** Waits for any child or tracee of this thread, or, with a pid, for that one. */
  wait(into: WaitResult, pid = -1): void {
    into.pid = this.#waitpid(pid, this.#status.address, WALL | WNOTHREAD | WUNTRACED);
    if (into.pid < 0) into.pid = -errno();
    into.status = this.#status.view.getInt32(0, true);
  }

  seize(pid: number, options: number): number {
    return this.#call(PtraceRequest.seize, pid, 0, options);
  }

  /** `request` is one of cont, syscall, singleStep and listen. */
  resume(request: number, pid: number, signal: number): number {
    return this.#call(request, pid, 0, signal);
  }

  /** Fills `into`: `entry` is for entry stops, `seccomp` for those, `exit` for exit stops. */
  syscallInfo(pid: number, into: KernelStruct<typeof PtraceSyscallInfo>): number {
    const result = this.#ptrace(PtraceRequest.getSyscallInfo, pid, into.bytes.length, into.address);
    return result < 0 ? -errno() : 0;
  }

  /** The general registers, as `struct user_regs_struct` (x86-64) or `struct user_pt_regs` (arm64). */
  registers(pid: number, into: Pinned): number {
    return this.#registerSet(PtraceRequest.getRegisterSet, pid, into);
  }

  setRegisters(pid: number, from: Pinned): number {
    return this.#registerSet(PtraceRequest.setRegisterSet, pid, from);
  }

  /** Writes 8 bytes, also to read-only pages: the task gets a copy of its own. */
  poke(pid: number, address: bigint, word: bigint): number {
    return this.#call(PtraceRequest.pokeText, pid, address, word);
  }

  /** The former thread id at an exec event; 0 when the task is gone. */
  eventMessage(pid: number): number {
    if (this.#call(PtraceRequest.getEventMessage, pid, 0, this.#message.address) < 0) return 0;
    return this.#message.view.getUint32(0, true);
  }

  #registerSet(request: number, pid: number, set: Pinned): number {
    this.#vector.put(Iovec.fields.iov_base, set.address).put(Iovec.fields.iov_len, set.bytes.length);
    return this.#call(request, pid, NT_PRSTATUS, this.#vector.address);
  }

  #call(request: number, pid: number, address: number | bigint, data: number | bigint): number {
    return this.#ptrace(request, pid, address, data) < 0 ? -errno() : 0;
  }
}

/** The parts of a status (bits/waitstatus.h). */
export function exitCode(status: number): number | undefined {
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : undefined;
}

/** The signal that ended a task; undefined when it has ended otherwise, or is only stopped. */
export function deathSignal(status: number): number | undefined {
  const signal = status & 0x7f;
  return signal === 0 || signal === 0x7f ? undefined : signal;
}

export function isStopped(status: number): boolean {
  return (status & 0xff) === 0x7f;
}

export function stopSignal(status: number): number {
  return (status >> 8) & 0xff;
}

/** A {@link PtraceEvent}, 0 for a plain signal or system call stop. */
export function stopEvent(status: number): number {
  return status >>> 16;
}
