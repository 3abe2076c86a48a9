import { EbpfError, ProgramFault, tooManyFiles } from "../../../../base/errors.ts";
import { openPipeEnd, type PipeEnd } from "../../../../host/pipe.ts";
import { commandRuns } from "../../../../host/running-commands.ts";
import { sendSignal, type SignalName } from "../../../../host/signals.ts";
import { startThread, type Thread } from "../../../../host/threads/threads.ts";
import type { CommandExit, EngineCommand, Signal, SpawnOptions } from "../../../command.ts";
import type { MachineImage } from "../../machine/image.ts";
import { type ReportFailure, Reports } from "../../../../base/reports.ts";
import type { SourceHost } from "../event-source.ts";
import { commandRequest, type HeldTraced } from "./held-command.ts";
import type { TraceMessage, TraceRequest } from "./messages.ts";
import { TraceControl } from "./trace-control.ts";
import type { TracedPlace } from "./traced-programs.ts";

export interface TraceOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly spawn: SpawnOptions;
  readonly image: MachineImage;
  readonly places: readonly TracedPlace[];
  readonly onPrint: SourceHost["onPrint"];
  readonly onFault: (fault: EbpfError) => void;
  /** The command, where it waits already. */
  readonly held?: HeldTraced | undefined;
  /** False stops at every system call instead of filtering them; for tests of what systems without the filter do. */
  readonly filter?: boolean | undefined;
}

export interface TracedCommand extends EngineCommand {
  /** Whether only the system calls that programs may ask for stop the command; without, all do, and it is slower. */
  readonly filtered: boolean;
  /**
   * Kills the command and its descendants, if any is left, and ends the tracing. Idempotent. Throws what a reporter threw when
   * `exited` was settled already.
   */
  close(): Promise<void>;
}

/**
 * Starts a command whose system calls, and its descendants', are the events of the attached programs of a collection.
 * Needs Linux and ptrace(2), no privilege.
 *
 * `exited` tells of the command's own end. Descendants that outlive it are traced on until they end, `close()` is called, or
 * this process ends: they cannot be let go, since the filter leaves their system calls unanswered (ENOSYS) without a tracer.
 * When `onPrint` or `onFault` throws, or rejects its promise, the command is killed, and `exited` is rejected with that.
 * A traced task cannot be traced by another (gdb, strace), and set-user-ID programs in it do not gain privilege.
 */
export async function startTraced(options: TraceOptions): Promise<TracedCommand> {
  const request = traceRequest(options);
  return await new Promise((fulfil, reject) => {
    const command = new Trace(request, options);
    command.onStarted = () => fulfil(command);
    command.onFailed = reject;
  });
}

function traceRequest({ file, args, spawn, image, places, filter, held }: TraceOptions): TraceRequest {
  const command = held?.request ?? commandRequest(file, args, spawn);
  return {
    image,
    places,
    control: new TraceControl().shared,
    filter: filter ?? true,
    command,
    held: held?.take(),
  };
}

class Trace implements TracedCommand {
  pid = 0;
  filtered = false;
  readonly exited: Promise<CommandExit>;
  onStarted: () => void = () => {};
  onFailed: (error: Error) => void = () => {};
  readonly #thread: Thread<never>;
  readonly #forget: () => void;
  readonly #control: TraceControl;
  readonly #options: TraceOptions;
  readonly #ended: Promise<void>;
  #resolveEnded: () => void = () => {};
  readonly #reports: Reports = new Reports(() => this.#onReportFailure());
  #resolveExited: (exit: CommandExit) => void = () => {};
  #rejectExited: (error: unknown) => void = () => {};
  /** It has ended, in whatever way. */
  #exited = false;
  /** Whoever waits for `exited` has the answer, so that it cannot be told of what comes now: it is left for `close()`. */
  #settled = false;
  #untold: ReportFailure | undefined;
  #stdin: PipeEnd | undefined;
  #closing = false;

  constructor(request: TraceRequest, options: TraceOptions) {
    this.#control = new TraceControl(request.control);
    this.#options = options;
    this.#thread = this.#start(request);
    this.#forget = commandRuns({ file: options.file, traced: true });
    this.exited = new Promise((resolve, reject) => {
      this.#resolveExited = resolve;
      this.#rejectExited = reject;
    });
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  #start(data: TraceRequest): Thread<never> {
    return startThread({
      script: new URL("./ebpf-tracer-worker.js", import.meta.url),
      name: "ebpf-ts tracer",
      work: "programs",
      data,
      action: "start a command",
      code: "COMMAND",
      // It sleeps in waitpid(2).
      wake: () => this.#control.close(),
      onReport: (message: TraceMessage) => this.#onMessage(message),
      onError: (cause) => this.#onThreadError(cause),
      onEnd: () => this.#onThreadEnd(),
    });
  }

  write(text: string): void {
    if (this.#stdin === undefined)
      throw new TypeError('Cannot write to the command: it was not started with stdin "pipe"');
    this.#stdin.write(text);
  }

  endInput(): void {
    this.#stdin?.end();
  }

  /** Does nothing once the command has ended: its process id may then be another's. */
  kill(signal: Signal = "SIGTERM"): void {
    const pid = this.#control.command;
    if (pid !== 0) sendSignal(pid, signal as SignalName);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#control.close();
    this.#thread.hold(true);
    await this.#ended;
    await this.#reports.settled();
    if (this.#untold !== undefined) throw this.#untold.error;
  }

  #onMessage(message: TraceMessage): void {
    const { onPrint, onFault } = this.#options;
    switch (message.kind) {
      case "started":
        this.pid = message.pid;
        this.filtered = message.filtered;
        if (message.stdin !== undefined) this.#stdin = openPipeEnd(message.stdin);
        return this.onStarted();
      case "failed":
        return this.#fail(new EbpfError(message.code, message.message));
      case "print":
        return this.#reports.tell(() => onPrint(message.line, message.origin));
      case "fault": {
        const fault = new ProgramFault(message.program, message.instruction, message.source, message.message);
        return this.#reports.tell(() => onFault(fault));
      }
      case "exit":
        // Descendants that are left do not keep this process running.
        if (!this.#closing) this.#thread.hold(false);
        return void this.#settle(message.exit);
    }
  }

  /** Once the reporters are done with what came before the end. */
  async #settle(exit: CommandExit): Promise<void> {
    if (this.#exited) return;
    this.#exited = true;
    await this.#reports.settled();
    this.#settled = true;
    const { failure } = this.#reports;
    if (failure === undefined) this.#resolveExited(exit);
    else this.#rejectExited(failure.error);
  }

  #onReportFailure(): void {
    if (this.#settled) this.#untold = this.#reports.failure;
    this.#control.close();
  }

  #onThreadError(cause: unknown): void {
    const action = this.pid === 0 ? "start a command" : "trace the command any longer";
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#fail(tooManyFiles(cause, action) ?? new EbpfError("COMMAND", `Cannot ${action}: ${why}`, { cause }));
  }

  /** Before the command has started it is the caller's error, after that it is an event. */
  #fail(error: EbpfError): void {
    if (this.pid === 0) this.onFailed(error);
    else this.#reports.tell(() => this.#options.onFault(error));
  }

  /** The end of the thread kills what it still traced (PTRACE_O_EXITKILL), so a command that had not ended has now. */
  #onThreadEnd(): void {
    this.#forget();
    this.#stdin?.destroy();
    this.onFailed(new EbpfError("COMMAND", "Cannot start a command: the thread that traces it ended"));
    void this.#settle({ code: undefined, signal: "SIGKILL" });
    this.#resolveEnded();
  }
}
