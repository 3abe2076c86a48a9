import { EbpfError } from "../../base/errors.ts";
import { type Child, startChild } from "../../host/child.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import { fileKind } from "../../host/named-files.ts";
import { refusal } from "../../host/refusal.ts";
import { commandRuns } from "../../host/running-commands.ts";
import type { SignalName } from "../../host/signals.ts";
import type { EngineCommand, SpawnOptions } from "../command.ts";

export interface ChildCommand extends EngineCommand {
  /** Kills the command if it still runs, and resolves when it has ended. Idempotent. */
  close(): Promise<void>;
}

/** Starts an ordinary child process. Resolves when it runs. */
export async function spawnCommand(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<ChildCommand> {
  return commandOf(file, await start(file, args, options));
}

/** A child as a command that runs. */
export function commandOf(file: string, child: Child): ChildCommand {
  void child.ended.then(commandRuns({ file, traced: false }));
  return {
    pid: child.pid,
    exited: child.ended,
    write: (text) => {
      if (child.input === undefined)
        throw new TypeError('Cannot write to the command: it was not started with stdin "pipe"');
      child.input.write(text);
    },
    endInput: () => child.input?.end(),
    kill: (signal = "SIGTERM") => child.kill(signal as SignalName),
    close: async () => {
      // In this order: many a command ends by itself when its input does.
      if (child.isRunning) child.kill("SIGKILL");
      child.input?.destroy();
      await child.ended;
    },
  };
}

/** `waits`: what is started is a shell of ours, which stands for `file`, and waits for a line (see `Child.go`). */
export async function start(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
  waits?: { readonly shell: string },
): Promise<Child> {
  refuseIfLockedDown(`start ${file}`, "processes");
  const { stdin: input = "inherit", stdout: output = "inherit", cwd, env } = options;
  try {
    return await startChild(waits?.shell ?? file, args, { input, output, cwd, env, waits: waits !== undefined });
  } catch (cause) {
    throw refusal(cause, `start ${file}`, (code) => {
      return new EbpfError("COMMAND", `Cannot start ${file}: ${reasonOf(code, cwd)}`, { cause });
    });
  }
}

function reasonOf(code: string, cwd: string | undefined): string {
  if (code === "ENOENT" && cwd !== undefined && fileKind(cwd) === undefined) return `there is no folder ${cwd}`;
  return reasons[code] ?? `the system refuses (${code})`;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such command",
  EACCES: "it is not a program that this user may run",
  ENOTDIR: "part of its path is not a folder",
  E2BIG: "its arguments are too long",
};
