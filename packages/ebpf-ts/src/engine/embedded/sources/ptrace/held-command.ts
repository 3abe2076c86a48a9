import { EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import { wordsOf } from "../../../../host/command/find-command.ts";
import { refuseIfLockedDown } from "../../../../host/locked-down.ts";
import { absolutePath } from "../../../../host/named-files.ts";
import { sendSignal } from "../../../../host/signals.ts";
import { environment, platform } from "../../../../host/this-process.ts";
import { throughShell } from "../../../../host/command/through-shell.ts";
import { isStopped, Ptrace } from "../../../../sys/process/ptrace.ts";
import { closeDescriptor, makePipe } from "../../../../sys/process/spawn.ts";
import type { HeldCommand, SpawnOptions } from "../../../command.ts";
import { holdShell } from "./launch.ts";
import type { CommandRequest, HeldCommandShell } from "./messages.ts";

/** Throws (COMMAND) for a command that is none. */
export function commandRequest(file: string, args: readonly string[], spawn: SpawnOptions): CommandRequest {
  if (platform !== "linux") {
    throw new NotSupportedError(
      "ptrace",
      `Cannot trace a command on ${platform}: it takes Linux; run the programs by hand`,
    );
  }
  const cwd = absolutePath(spawn.cwd ?? ".");
  const variables = spawn.env ?? environment();
  const env = Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const words = wordsOf(file, args, cwd, variables["PATH"]);
  return {
    file,
    ...throughShell(words, cwd, variables),
    cwd,
    env,
    stdin: spawn.stdin ?? "inherit",
    stdout: spawn.stdout ?? "inherit",
  };
}

/** Starts the shell that waits. */
export function holdCommandShell({ stdin, ...command }: CommandRequest): HeldCommandShell {
  if (stdin !== "pipe") return { shell: holdShell({ ...command, stdin }), stdin: undefined };
  const { readEnd, writeEnd } = makePipe();
  try {
    return { shell: holdShell({ ...command, stdin: readEnd }), stdin: writeEnd };
  } catch (error) {
    closeDescriptor(writeEnd);
    throw error;
  } finally {
    closeDescriptor(readEnd);
  }
}

/** A command of this engine that waits to be traced. */
export class HeldTraced implements HeldCommand {
  readonly engine = "embedded";
  readonly pid: number;
  readonly file: string;
  readonly request: CommandRequest;
  #held: HeldCommandShell | undefined;

  constructor(file: string, args: readonly string[], spawn: SpawnOptions) {
    refuseIfLockedDown(`start ${file}`, "processes");
    this.file = file;
    this.request = commandRequest(file, args, spawn);
    this.#held = holdCommandShell(this.request);
    this.pid = this.#held.shell.pid;
  }

  /** For the thread that traces it, once. */
  take(): HeldCommandShell {
    const held = this.#held;
    if (held === undefined) throw new EbpfError("BUSY", `Cannot start ${this.file}: it was started or ended before`);
    this.#held = undefined;
    return held;
  }

  async kill(): Promise<void> {
    if (this.#held === undefined) return;
    const { shell, stdin } = this.take();
    sendSignal(shell.pid, "SIGKILL");
    closeDescriptor(shell.socket);
    if (stdin !== undefined) closeDescriptor(stdin);
    const last = { pid: shell.pid, status: 0x7f };
    const ptrace = new Ptrace();
    while (last.pid === shell.pid && isStopped(last.status)) ptrace.wait(last, shell.pid);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
