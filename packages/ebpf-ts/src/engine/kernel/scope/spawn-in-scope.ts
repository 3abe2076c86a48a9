import { findCommand } from "../../../host/find-command.ts";
import { refuseIfLockedDown } from "../../../host/locked-down.ts";
import { absolutePath } from "../../../host/named-files.ts";
import { environment } from "../../../host/this-process.ts";
import type { SpawnOptions } from "../../command.ts";
import { type ChildCommand, commandOf, start } from "../spawn.ts";
import type { WaitingCommand } from "./command-group.ts";

/**
 * A shell holds the child until it is in its group: it waits for a line, and becomes the command. When this process is killed meanwhile the
 * pipe ends, and the shell with it.
 */
const script = `read EBPF_TS_GO <&3 || exit 127; unset EBPF_TS_GO; exec "$@" 3<&-`;
const shell = "/bin/sh";

/** What a scope does for a command. */
export interface CommandScope {
  /** Before it is started; not called for one that is none. */
  prepare(): Promise<void>;
  /** Lets it go, and resolves at its first instruction. */
  letStart(command: WaitingCommand): Promise<void>;
}

/** Starts a command in a scope. */
export async function spawnInScope(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
  scope: CommandScope,
): Promise<ChildCommand> {
  refuseIfLockedDown(`start ${file}`, "processes");
  const path = (options.env ?? environment())["PATH"];
  const found = findCommand(file, absolutePath(options.cwd ?? "."), path);
  await scope.prepare();
  const child = await start(file, ["-c", script, shell, found, ...args], options, { shell });
  const command = commandOf(file, child);
  try {
    await scope.letStart({
      file,
      pid: child.pid,
      get hasEnded(): boolean {
        return !child.isRunning;
      },
      go: child.go,
    });
    return command;
  } catch (error) {
    await command.close();
    throw error;
  }
}
