/** The thread that traces one command. It does not return to its event loop before the last traced task has ended. */
import type { RunOrigin } from "../../machine/contracts.ts";
import { EbpfError, ProgramFault } from "../../../../base/errors.ts";
import { sendSignal } from "../../../../host/signals.ts";
import { knowThreads } from "../../../../host/threads/thread-lives.ts";
import { architecture as hostArchitecture } from "../../../../host/this-process.ts";
import { report, threadData } from "../../../../host/threads/this-thread.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { ProcessMemory } from "../../../../sys/process/process-memory.ts";
import { Ptrace, isStopped } from "../../../../sys/process/ptrace.ts";
import type { WaitResult } from "../../../../sys/process/ptrace.ts";
import { closeDescriptor } from "../../../../sys/process/spawn.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { PtraceSyscallInfo } from "../../../../uapi/structs.gen.ts";
import { openEventRunner } from "../event-runner.ts";
import { clockOf } from "../../machine/clock.ts";
import { monotonicNs } from "../../../../sys/process/clock.ts";
import { traceArchitecture } from "./architecture.ts";
import type { TraceArchitecture } from "./architecture.ts";
import { installFilter } from "./install-filter.ts";
import { holdCommandShell } from "./held-command.ts";
import { launch } from "./launch.ts";
import type { TraceMessage, TraceRequest } from "./messages.ts";
import { seccompFilter } from "./seccomp-filter.ts";
import { SyscallTable } from "./syscall-programs.ts";
import { TraceControl } from "./trace-control.ts";
import { Tracer } from "./tracer.ts";

function post(message: TraceMessage): void {
  report(message);
}

function postFault(error: EbpfError): void {
  const fault = error instanceof ProgramFault ? error : undefined;
  post({
    kind: "fault",
    message: error.message,
    program: fault?.program ?? "",
    instruction: fault?.instruction ?? -1,
    source: fault?.source,
  });
}

function postFailure(error: unknown): void {
  if (error instanceof EbpfError) post({ kind: "failed", code: error.code, message: error.message });
  else post({ kind: "failed", code: "COMMAND", message: `Cannot trace a command: ${String(error)}` });
}

interface Start {
  readonly pid: number;
  /** Descriptor of the pipe to its standard input. */
  readonly stdin: number | undefined;
}

function start(ptrace: Ptrace, control: TraceControl, { command, held }: TraceRequest): Start {
  const { shell, stdin } = held ?? holdCommandShell(command);
  try {
    return { pid: launch(ptrace, shell, command, control), stdin };
  } catch (error) {
    if (stdin !== undefined) closeDescriptor(stdin);
    throw error;
  }
}

function requireArchitecture(): TraceArchitecture {
  const architecture = traceArchitecture(hostArchitecture);
  if (architecture !== undefined) return architecture;
  throw new EbpfError("NOT_SUPPORTED", `Cannot trace a command on ${hostArchitecture}: only x64 and arm64 are known`);
}

/** Every stop asks for it, so a kernel that lacks it is found out at the first. */
function requireSyscallInfo(ptrace: Ptrace, pid: number, last: WaitResult): void {
  const result = ptrace.syscallInfo(pid, new KernelStruct(PtraceSyscallInfo));
  if (result !== -Errno.EIO && result !== -Errno.EINVAL) return;
  sendSignal(pid, "SIGKILL");
  do ptrace.wait(last, pid);
  while (last.pid === pid && isStopped(last.status));
  throw new EbpfError(
    "NOT_SUPPORTED",
    "Cannot trace a command: the kernel lacks PTRACE_GET_SYSCALL_INFO, which Linux has since 5.3",
  );
}

/** Installs the filter where that is possible; `last` is then the task's latest stop, or its end. */
function filterSyscalls(
  ptrace: Ptrace,
  memory: ProcessMemory,
  table: SyscallTable,
  architecture: TraceArchitecture,
  last: WaitResult,
): boolean {
  if (!architecture.injects) return false;
  return installFilter(ptrace, memory, last.pid, seccompFilter(table.syscalls, architecture.audit), last) !== "refused";
}

function trace(request: TraceRequest): void {
  knowThreads();
  const control = new TraceControl(request.control);
  const onPrint = (line: string, origin: RunOrigin): void => post({ kind: "print", line, origin });
  const isClosing = (): boolean => control.closing;
  const clock = clockOf(monotonicNs);
  const runner = openEventRunner(request.image, { onPrint, onFault: postFault, clock, isClosing });
  const table = new SyscallTable(request.places);
  const architecture = requireArchitecture();
  const ptrace = new Ptrace();
  const memory = new ProcessMemory();
  const { pid, stdin } = start(ptrace, control, request);
  const last: WaitResult = { pid, status: 0x7f };
  let filtered: boolean;
  try {
    requireSyscallInfo(ptrace, pid, last);
    filtered = request.filter && filterSyscalls(ptrace, memory, table, architecture, last);
  } catch (error) {
    if (stdin !== undefined) closeDescriptor(stdin);
    throw error;
  }
  post({ kind: "started", pid, stdin, filtered });
  new Tracer({
    ptrace,
    memory,
    runner,
    table,
    architecture,
    control,
    everything: !filtered,
    onExit: (exit) => post({ kind: "exit", exit }),
  }).run(last);
}

try {
  trace(threadData<TraceRequest>());
} catch (error) {
  postFailure(error);
}
