import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { EbpfError, tooManyFiles } from "../../base/errors.ts";
import { tryDescriptors } from "../../host/try-descriptors.ts";
import type { CommandExit, EngineCommand, SpawnOptions } from "../command.ts";

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
  const child = start(file, args, options);
  const exited = new Promise<CommandExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  await started(child, file, options);
  // A command that ends before it has read all its input is no failure of ours.
  child.stdin?.on("error", () => {});
  return {
    pid: child.pid ?? 0,
    exited,
    write: (text) => {
      if (child.stdin === null)
        throw new TypeError('Cannot write to the command: it was not started with stdin "pipe"');
      child.stdin.write(text);
    },
    endInput: () => void child.stdin?.end(),
    kill: (signal) => void child.kill(signal),
    close: async () => {
      child.stdin?.destroy();
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Node needs 4 for a child with a pipe, and leaves the pipe open when it finds fewer. */
const descriptors = 6;

/** Some failures are thrown, others come as an event. */
function start(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    tryDescriptors({ openSync, closeSync }, descriptors);
    return spawn(file, args, {
      stdio: streams(options),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: { ...options.env } }),
    });
  } catch (cause) {
    throw notStarted(file, options, cause);
  }
}

function streams(options: SpawnOptions): StdioOptions {
  const input = options.stdin ?? "inherit";
  switch (options.stdout ?? "inherit") {
    case "ignore":
      return [input, "ignore", "ignore"];
    case "stderr":
      return [input, 2, 2];
    default:
      return [input, "inherit", "inherit"];
  }
}

function started(child: ChildProcess, file: string, options: SpawnOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.on("error", (cause) => reject(notStarted(file, options, cause)));
  });
}

function notStarted(file: string, options: SpawnOptions, cause: unknown): EbpfError {
  const shortage = tooManyFiles(cause, `start ${file}`);
  if (shortage !== undefined) return shortage;
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
  if (code === "ENOENT" && options.cwd !== undefined && !existsSync(options.cwd)) {
    return new EbpfError("COMMAND", `Cannot start ${file}: there is no folder ${options.cwd}`, { cause });
  }
  const reason = reasons[code] ?? `the system refuses (${code})`;
  return new EbpfError("COMMAND", `Cannot start ${file}: ${reason}`, { cause });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such command",
  EACCES: "it is not a program that this user may run",
  ENOTDIR: "part of its path is not a folder",
  E2BIG: "its arguments are too long",
};
