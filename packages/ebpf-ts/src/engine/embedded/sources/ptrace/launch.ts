import { EbpfError } from "../../../../base/errors.ts";
import { sendSignal } from "../../../../host/signals.ts";
import {
  PtraceEvent,
  PtraceOption,
  PtraceRequest,
  isStopped,
  stopEvent,
  stopSignal,
} from "../../../../sys/process/ptrace.ts";
import type { Ptrace, WaitResult } from "../../../../sys/process/ptrace.ts";
import { spawnChild } from "../../../../sys/process/spawn.ts";
import type { ChildOptions } from "../../../../sys/process/spawn.ts";
import { Errno } from "../../../../uapi/errno.ts";
import type { TraceControl } from "./trace-control.ts";

export interface LaunchOptions extends Pick<ChildOptions, "env" | "stdin" | "stdout"> {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/**
 * A shell holds the child until it is seized: it changes to the folder, stops itself, and becomes the command once it is
 * continued. So the command is traced from its first instruction, without code of ours between fork and exec.
 */
const script = 'cd "$0" || exit 127; unset OLDPWD; kill -STOP $$; exec "$@"';
const shell = "/bin/sh";

const options =
  PtraceOption.traceSyscallGood |
  PtraceOption.traceFork |
  PtraceOption.traceVfork |
  PtraceOption.traceClone |
  PtraceOption.traceExec |
  PtraceOption.traceSeccomp |
  PtraceOption.exitKill;

/** Starts a command, and gives its process id when it stands at its exec event, traced. */
export function launch(ptrace: Ptrace, command: LaunchOptions, control: TraceControl): number {
  const { file, args, cwd, env, stdin, stdout } = command;
  const pid = spawnChild({ file: shell, argv: [shell, "-c", script, cwd, file, ...args], env, stdin, stdout });
  control.command = pid;
  control.wake = pid;
  if (control.closing) sendSignal(pid, "SIGKILL");
  const last: WaitResult = { pid: 0, status: 0 };
  try {
    waitForStop(ptrace, pid, last, file);
    seize(ptrace, pid, last);
    waitForStop(ptrace, pid, last, file);
    sendSignal(pid, "SIGCONT");
    while (stopEvent(last.status) !== PtraceEvent.exec) {
      const signal = stopEvent(last.status) === 0 ? stopSignal(last.status) : 0;
      ptrace.resume(PtraceRequest.cont, pid, signal);
      waitForStop(ptrace, pid, last, file);
    }
  } catch (error) {
    control.command = 0;
    control.wake = 0;
    throw error;
  }
  return pid;
}

function waitForStop(ptrace: Ptrace, pid: number, last: WaitResult, file: string): void {
  do ptrace.wait(last, pid);
  while (last.pid === -Errno.EINTR);
  if (last.pid !== pid || !isStopped(last.status)) {
    throw new EbpfError(
      "COMMAND",
      `Cannot start ${file}: it ended before its first instruction; try it without tracing`,
    );
  }
}

function seize(ptrace: Ptrace, pid: number, last: WaitResult): void {
  const result = ptrace.seize(pid, options);
  if (result === 0) return;
  sendSignal(pid, "SIGKILL");
  ptrace.wait(last, pid);
  throw new EbpfError(
    "COMMAND",
    "Cannot trace a command: the system refuses ptrace (a container without SYS_PTRACE, or kernel.yama.ptrace_scope=3); " +
      "allow it, or run the programs by hand",
  );
}
