import { sendSignal, signalNumber } from "../../../../host/signals.ts";
import type { ProcessMemory } from "../../../../sys/process/process-memory.ts";
import { PtraceRequest, isStopped, stopEvent, stopSignal } from "../../../../sys/process/ptrace.ts";
import type { Ptrace, WaitResult } from "../../../../sys/process/ptrace.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { SockFilter, SockFprog, UserRegsX64 } from "../../../../uapi/structs.gen.ts";
import { writeValues } from "../../../../uapi/values.ts";
import { Prctl, Seccomp } from "../../../../uapi/uapi.gen.ts";
import { x64Syscalls } from "../../../../uapi/syscalls.gen.ts";

const userCs64 = 0x33n;

const syscallInstruction = 0x050fn; // 0f 05

/** The ABI lets a function use 128 bytes below the stack pointer. */
const redZone = 128n;

const syscallStop = signalNumber("SIGTRAP") | 0x80;

/** Thrown inside, when the task ended while it was worked on; the status of its end is in the wait result. */
class Ended extends Error {}

/**
 * Makes a task that stands at its exec event (x86-64) filter its own system calls, by making two system calls in its name. It
 * is then left as if nothing had happened, after the exit of the exec call. `refused` leaves it there unfiltered;
 * `ended` leaves the status of its end in `last`.
 */
export function installFilter(
  ptrace: Ptrace,
  memory: ProcessMemory,
  pid: number,
  filter: Uint8Array,
  last: WaitResult,
): "installed" | "refused" | "ended" {
  const task = new Injection(ptrace, memory, pid, last);
  try {
    return task.run(filter) ? "installed" : "refused";
  } catch (error) {
    if (error instanceof Ended) return "ended";
    throw error;
  }
}

class Injection {
  readonly #ptrace: Ptrace;
  readonly #memory: ProcessMemory;
  readonly #pid: number;
  readonly #last: WaitResult;
  readonly #saved = new KernelStruct(UserRegsX64);
  readonly #used = new KernelStruct(UserRegsX64);
  /** Signals that arrived in between, to be sent again. */
  readonly #signals: number[] = [];

  constructor(ptrace: Ptrace, memory: ProcessMemory, pid: number, last: WaitResult) {
    this.#ptrace = ptrace;
    this.#memory = memory;
    this.#pid = pid;
    this.#last = last;
  }

  run(filter: Uint8Array): boolean {
    this.#runTo(PtraceRequest.syscall, syscallStop);
    if (this.#ptrace.registers(this.#pid, this.#saved) < 0) return false;
    const { cs, ip, sp } = this.#saved.values;
    if (cs !== userCs64) return false;
    const code = new Uint8Array(8);
    const block = filterBlock(filter, sp);
    const stack = new Uint8Array(block.bytes.length);
    if (!this.#memory.read(this.#pid, ip, code)) return false;
    if (!this.#memory.read(this.#pid, block.address, stack)) return false;
    const word = new DataView(code.buffer).getBigUint64(0, true);
    if (this.#ptrace.poke(this.#pid, ip, (word & ~0xffffn) | syscallInstruction) < 0) return false;
    const installed = this.#memory.write(this.#pid, block.address, block.bytes) && this.#setFilter(block.address);
    this.#memory.write(this.#pid, block.address, stack);
    this.#ptrace.poke(this.#pid, ip, word);
    this.#ptrace.setRegisters(this.#pid, this.#saved);
    for (const signal of this.#signals) sendSignal(this.#pid, signal);
    return installed;
  }

  /** A privileged task keeps the power of set-user-ID programs; any other must give it up first (seccomp(2)). */
  #setFilter(address: bigint): boolean {
    const seccomp = (): bigint =>
      this.#call(x64Syscalls["seccomp"] ?? 0, [BigInt(Seccomp.SET_MODE_FILTER), 0n, address, 0n]);
    const first = seccomp();
    if (first !== BigInt(-Errno.EACCES)) return first === 0n;
    return (
      this.#call(x64Syscalls["prctl"] ?? 0, [BigInt(Prctl.SET_NO_NEW_PRIVS), 1n, 0n, 0n]) === 0n && seccomp() === 0n
    );
  }

  #call(syscall: number, [di, si, dx, r10]: readonly [bigint, bigint, bigint, bigint]): bigint {
    this.#used.bytes.set(this.#saved.bytes);
    // Not in a system call (orig_ax), so that nothing is restarted.
    this.#used.assign({ ax: syscall, orig_ax: -1, di, si, dx, r10 });
    this.#ptrace.setRegisters(this.#pid, this.#used);
    this.#runTo(PtraceRequest.singleStep, signalNumber("SIGTRAP"));
    if (this.#ptrace.registers(this.#pid, this.#used) < 0) return -1n;
    return BigInt.asIntN(64, this.#used.values.ax);
  }

  #runTo(request: number, signal: number): void {
    for (;;) {
      this.#ptrace.resume(request, this.#pid, 0);
      do this.#ptrace.wait(this.#last, this.#pid);
      while (this.#last.pid === -Errno.EINTR);
      if (this.#last.pid !== this.#pid || !isStopped(this.#last.status)) throw new Ended();
      if (stopEvent(this.#last.status) !== 0) continue;
      if (stopSignal(this.#last.status) === signal) return;
      this.#signals.push(stopSignal(this.#last.status));
    }
  }
}

/** `struct sock_fprog`, then the filter, below the stack. */
function filterBlock(
  filter: Uint8Array,
  stackPointer: bigint,
): { readonly address: bigint; readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(SockFprog.size + filter.length);
  const address = (stackPointer - redZone - BigInt(bytes.length)) & ~15n;
  writeValues(new DataView(bytes.buffer), 0, SockFprog.fields, {
    len: filter.length / SockFilter.size,
    filter: address + BigInt(SockFprog.size),
  });
  bytes.set(filter, SockFprog.size);
  return { address, bytes };
}
