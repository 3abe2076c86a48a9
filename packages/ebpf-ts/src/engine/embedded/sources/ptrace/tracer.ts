import { sendSignal, signalName, signalNumber } from "../../../../host/signals.ts";
import type { ProcessMemory } from "../../../../sys/process/process-memory.ts";
import {
  PtraceEvent,
  PtraceRequest,
  SyscallStop,
  deathSignal,
  exitCode,
  isStopped,
  stopEvent,
  stopSignal,
} from "../../../../sys/process/ptrace.ts";
import type { Ptrace, WaitResult } from "../../../../sys/process/ptrace.ts";
import type { CommandExit } from "../../../command.ts";
import type { EventRunner } from "../event-runner.ts";
import type { TraceArchitecture } from "./architecture.ts";
import { SyscallContext } from "./syscall-context.ts";
import type { SyscallTable } from "./syscall-programs.ts";
import { Errno } from "../../../../uapi/errno.ts";
import type { TraceControl } from "./trace-control.ts";
import { TracedTask } from "./traced-task.ts";

export interface TracerOptions {
  readonly ptrace: Ptrace;
  readonly memory: ProcessMemory;
  readonly runner: EventRunner;
  readonly table: SyscallTable;
  readonly architecture: TraceArchitecture;
  readonly control: TraceControl;
  /** No filter is installed: every system call stops, twice. */
  readonly everything: boolean;
  readonly onExit: (exit: CommandExit) => void;
}

/** A thread that is traced. */
interface Tracee {
  readonly task: TracedTask;
  /** The system call that it is in, when its exit is an event; -1 otherwise. */
  syscall: number;
}

const syscallStop = signalNumber("SIGTRAP") | 0x80;

/** The signals that stop a whole process. */
const stopSignals: ReadonlySet<number> = new Set(
  (["SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"] as const).map(signalNumber),
);

/** Runs a collection's programs at the system calls of a command and its descendants, until the last of them has ended. */
export class Tracer {
  readonly #options: TracerOptions;
  readonly #ptrace: Ptrace;
  readonly #table: SyscallTable;
  readonly #context: SyscallContext;
  readonly #tracees = new Map<number, Tracee>();
  #closing = false;

  constructor(options: TracerOptions) {
    this.#options = options;
    this.#ptrace = options.ptrace;
    this.#table = options.table;
    this.#context = new SyscallContext(options.ptrace, options.architecture);
  }

  /** `first` is the command's stop (it goes on from there) or its end. */
  run(first: WaitResult): void {
    const wait: WaitResult = { pid: first.pid, status: first.status };
    this.#tracee(wait.pid);
    if (isStopped(wait.status)) this.#resume(wait.pid, 0);
    else this.#onEnd(wait.pid, wait.status);
    for (;;) {
      if (this.#options.control.closing && !this.#closing) this.#killAll();
      this.#ptrace.wait(wait);
      if (wait.pid === -Errno.EINTR) continue;
      if (wait.pid <= 0) return; // ECHILD: nobody is left
      if (isStopped(wait.status)) this.#onStop(wait.pid, wait.status);
      else this.#onEnd(wait.pid, wait.status);
    }
  }

  #onStop(tid: number, status: number): void {
    const tracee = this.#tracee(tid);
    const signal = stopSignal(status);
    switch (stopEvent(status)) {
      case 0:
        if (signal !== syscallStop) return this.#resume(tid, signal);
        this.#onSyscall(tid, tracee);
        break;
      case PtraceEvent.seccomp:
        this.#onSyscall(tid, tracee);
        break;
      case PtraceEvent.exec:
        this.#onExec(tid, tracee);
        break;
      case PtraceEvent.stop:
        // A group stop lasts until SIGCONT: the task is left stopped, and says when it goes on.
        if (stopSignals.has(signal)) return void this.#ptrace.resume(PtraceRequest.listen, tid, 0);
        break;
    }
    this.#resume(tid, 0);
  }

  /** A thread other than the first that calls execve(2) takes the process id over; the others end without a word. */
  #onExec(tid: number, tracee: Tracee): void {
    const former = this.#ptrace.eventMessage(tid);
    const caller = former === tid ? undefined : this.#tracees.get(former);
    if (caller === undefined) return;
    tracee.syscall = caller.syscall;
    this.#forget(former);
  }

  #onSyscall(tid: number, tracee: Tracee): void {
    const stop = this.#context.read(tid);
    if (stop === SyscallStop.exit) {
      const { syscall } = tracee;
      tracee.syscall = -1;
      if (syscall >= 0) this.#fire(tid, tracee, syscall, "exit");
    } else if (stop !== SyscallStop.none) {
      const { syscall } = this.#context;
      if (syscall < 0) return;
      if (this.#table.of(syscall).exit.length > 0) tracee.syscall = syscall;
      this.#fire(tid, tracee, syscall, "enter");
    }
  }

  #fire(tid: number, tracee: Tracee, syscall: number, when: "enter" | "exit"): void {
    if (this.#closing) return;
    tracee.task.forget();
    for (const place of this.#table.of(syscall)[when]) {
      const program = Atomics.load(place.program, 0) - 1;
      if (program < 0) continue;
      const context = this.#context[when](tid, syscall, place);
      if (context !== undefined) this.#options.runner.run(program, context, tracee.task);
    }
  }

  /** A task that was killed meanwhile does not go on: its end is what is heard of it next. */
  #resume(tid: number, signal: number): void {
    const toSyscall = this.#options.everything || (this.#tracees.get(tid)?.syscall ?? -1) >= 0;
    this.#ptrace.resume(toSyscall ? PtraceRequest.syscall : PtraceRequest.cont, tid, signal);
  }

  #onEnd(tid: number, status: number): void {
    const { control, onExit } = this.#options;
    const isCommand = tid === control.command;
    if (isCommand) control.command = 0;
    this.#forget(tid);
    if (!isCommand) return;
    const signal = deathSignal(status);
    onExit({ code: exitCode(status), signal: signal === undefined ? undefined : signalName(signal) });
  }

  /** A child can stop before its parent's fork is heard of, so whoever is not known is new. */
  #tracee(tid: number): Tracee {
    let tracee = this.#tracees.get(tid);
    if (tracee === undefined) {
      tracee = { task: new TracedTask(tid, this.#options.memory), syscall: -1 };
      this.#tracees.set(tid, tracee);
      if (this.#options.control.wake === 0) this.#options.control.wake = tid;
      if (this.#closing) sendSignal(tid, "SIGKILL");
    }
    return tracee;
  }

  #forget(tid: number): void {
    const { control } = this.#options;
    this.#tracees.delete(tid);
    if (control.wake !== tid) return;
    const [next] = this.#tracees.keys();
    control.wake = next ?? 0;
  }

  #killAll(): void {
    this.#closing = true;
    for (const tid of this.#tracees.keys()) sendSignal(tid, "SIGKILL");
  }
}
