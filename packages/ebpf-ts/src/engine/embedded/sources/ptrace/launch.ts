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
import {
  awaitByte,
  closeDescriptor,
  makeSocketPair,
  sendLine,
  spareDigit,
  spawnChild,
} from "../../../../sys/process/spawn.ts";
import type { ThroughShell } from "../../../../host/command/through-shell.ts";
import type { ChildRequest } from "../../../../sys/process/spawn.ts";
import { Errno } from "../../../../uapi/errno.ts";
import type { TraceControl } from "./trace-control.ts";

export interface LaunchOptions extends Pick<ChildRequest, "env" | "stdin" | "stdout">, ThroughShell {
  readonly file: string;
  readonly cwd: string;
}

/**
 * A shell holds the child until it is seized: it changes to the folder, says so, waits for a line, and becomes the command. So the command
 * is traced from its first instruction, without code of ours between fork and exec. It waits at a socket whose other end this process
 * has: if that is killed meanwhile, the wait ends, and the shell with it. Once it is seized the kernel sees to that (PTRACE_O_EXITKILL).
 */
const scriptFor = (socket: number): string =>
  `cd "$0" || exit 127; unset OLDPWD; echo >&${socket}; read EBPF_TS_GO <&${socket} || exit 127; unset EBPF_TS_GO; exec "$@" ${socket}<&-`;
const shell = "/bin/sh";

const options =
  PtraceOption.traceSyscallGood |
  PtraceOption.traceFork |
  PtraceOption.traceVfork |
  PtraceOption.traceClone |
  PtraceOption.traceExec |
  PtraceOption.traceSeccomp |
  PtraceOption.exitKill;

/** A shell that waits to become a command, and the socket at whose other end it does. */
export interface HeldShell {
  readonly pid: number;
  readonly socket: number;
}

/** Any thread of this process may trace it, and reaps it then; until then it is a child of the one that calls this. */
export function holdShell(command: LaunchOptions): HeldShell {
  const [ours, theirs] = makeSocketPair();
  try {
    return { pid: startShell(command, theirs), socket: ours };
  } catch (error) {
    closeDescriptor(ours);
    throw error;
  }
}

/** Starts a command, and gives its process id when it stands at its exec event, traced. The socket is closed then. */
export function launch(
  ptrace: Ptrace,
  { pid, socket }: HeldShell,
  command: Pick<LaunchOptions, "file" | "programs">,
  control: TraceControl,
): number {
  try {
    control.command = pid;
    control.wake = pid;
    if (control.closing) sendSignal(pid, "SIGKILL");
    traceFromExec(ptrace, { pid, socket }, command);
    return pid;
  } catch (error) {
    control.command = 0;
    control.wake = 0;
    throw error;
  } finally {
    closeDescriptor(socket);
  }
}

function startShell({ argv: words, cwd, env, stdin, stdout }: LaunchOptions, socket: number): number {
  const as = spareDigit();
  try {
    const argv = [shell, "-c", scriptFor(as), cwd, ...words];
    return spawnChild({ file: shell, argv, env, stdin, stdout, extra: { fd: socket, as } });
  } finally {
    // The shell alone has it now, so that its end is seen here.
    closeDescriptor(socket);
  }
}

function traceFromExec(
  ptrace: Ptrace,
  { pid, socket }: HeldShell,
  { file, programs }: Pick<LaunchOptions, "file" | "programs">,
): void {
  const last: WaitResult = { pid: 0, status: 0 };
  if (awaitByte(socket)) {
    seize(ptrace, pid, last);
    sendLine(socket);
  }
  waitForStop(ptrace, pid, last, file);
  for (let executed = 0; ;) {
    if (stopEvent(last.status) === PtraceEvent.exec) executed += 1;
    if (executed === programs) return;
    const signal = stopEvent(last.status) === 0 ? stopSignal(last.status) : 0;
    ptrace.resume(PtraceRequest.cont, pid, signal);
    waitForStop(ptrace, pid, last, file);
  }
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
