import { wordsOf } from "../../../host/command/find-command.ts";
import { refuseIfLockedDown } from "../../../host/locked-down.ts";
import { absolutePath } from "../../../host/named-files.ts";
import { environment } from "../../../host/this-process.ts";
import { throughShell } from "../../../host/command/through-shell.ts";
import { EbpfError } from "../../../base/errors.ts";
import type { Child } from "../../../host/child.ts";
import type { HeldCommand, SpawnOptions } from "../../command.ts";
import { type ChildCommand, commandOf, start } from "../spawn.ts";
export { spawnCommand } from "../spawn.ts";
import type { WaitingCommand } from "./command-group.ts";

/**
 * A shell holds the child until it is in its group: it says that it stands there, so that its own execve(2) is over, waits for a line, and
 * becomes the command, without a variable that Deno gives a child with a third descriptor. When this process is killed meanwhile the pipe ends, and the shell with it.
 */
const script = `echo >&3; read EBPF_TS_GO <&3 || exit 127; unset EBPF_TS_GO DENO_EXTRA_STDIO_FDS; exec "$@" 3<&-`;
const shell = "/bin/sh";

/** What a scope does for a command. */
export interface CommandScope {
  /** Before it is started; not called for one that is none. */
  readonly prepare: () => Promise<void>;
  /** Lets it go, and resolves at its first instruction. */
  readonly letStart: (command: WaitingCommand) => Promise<void>;
}

/** A command of this engine that waits: a shell that will become it. */
export class HeldChild implements HeldCommand {
  readonly engine = "kernel";
  readonly pid: number;
  readonly #file: string;
  readonly #child: Child;
  readonly #command: ChildCommand;
  readonly #programs: number;
  #started = false;

  private constructor(file: string, child: Child, programs: number) {
    this.pid = child.pid;
    this.#file = file;
    this.#child = child;
    this.#programs = programs;
    this.#command = commandOf(file, child);
  }

  static async hold(file: string, args: readonly string[], options: SpawnOptions): Promise<HeldChild> {
    const words = find(file, args, options);
    const { argv, programs } = throughShell(words, absolutePath(options.cwd ?? "."), variablesOf(options));
    const child = await start(file, ["-c", script, shell, ...argv], options, { shell });
    const held = new HeldChild(file, child, programs);
    if (await child.waiting) return held;
    await held.kill();
    throw new EbpfError("COMMAND", `Cannot start ${file}: the shell that was to become it (${shell}) has ended`);
  }

  /** Lets it go by `letStart`, or else at once. */
  async start(letStart: CommandScope["letStart"] | undefined): Promise<ChildCommand> {
    if (this.#started) throw new EbpfError("BUSY", `Cannot start ${this.#file}: it was started before`);
    this.#started = true;
    const child = this.#child;
    try {
      if (letStart === undefined) child.go();
      else {
        const [file, programs] = [this.#file, this.#programs];
        await letStart({ file, pid: this.pid, programs, go: child.go, hasEnded: () => !child.isRunning });
      }
      return this.#command;
    } catch (error) {
      await this.#command.close();
      throw error;
    }
  }

  async kill(): Promise<void> {
    if (!this.#started) await this.#command.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** Starts a command in a scope. */
export async function spawnInScope(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
  scope: CommandScope,
): Promise<ChildCommand> {
  find(file, args, options);
  await scope.prepare();
  const held = await HeldChild.hold(file, args, options);
  return held.start(scope.letStart);
}

/** Throws (COMMAND) for what is none. */
function find(file: string, args: readonly string[], options: SpawnOptions): ReturnType<typeof wordsOf> {
  refuseIfLockedDown(`start ${file}`, "processes");
  return wordsOf(file, args, absolutePath(options.cwd ?? "."), variablesOf(options)["PATH"]);
}

function variablesOf({ env }: SpawnOptions): Readonly<Record<string, string | undefined>> {
  return env ?? environment();
}
