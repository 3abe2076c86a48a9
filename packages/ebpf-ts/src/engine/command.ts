import { type Checks, checkOptions } from "../base/check-options.ts";
import { anObject, aPath, type Check, oneOf, strings, wrongKind } from "../base/checks.ts";
import type { EngineName } from "./engine-name.ts";

/** How a command is started: as by `spawn` of `node:child_process`, as far as both engines have it. */
export interface SpawnOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** `pipe` gives `EngineCommand.stdin`; the other two streams are inherited, or thrown away with `ignore`. */
  readonly stdin?: "inherit" | "ignore" | "pipe" | undefined;
  readonly stdout?: "inherit" | "ignore" | "stderr" | undefined;
}

/** A command that runs. Closing the collection that started it kills it. */
export interface EngineCommand {
  readonly pid: number;
  /** Rejected with what `onPrint` or `onFault` threw; the command was killed then. */
  readonly exited: Promise<CommandExit>;
  /** Writes to the command's standard input (with `stdin: "pipe"`). */
  write(text: string): void;
  /** Ends the command's standard input. */
  endInput(): void;
  /** Sends it a signal, SIGTERM when left out; what has ended is left alone. */
  kill(signal?: Signal): void;
}

/** A command that is there, with its process id, and waits: `load()` takes it, and `Collection.start` lets it go. It ends with this process. */
export interface HeldCommand extends AsyncDisposable {
  readonly engine: EngineName;
  readonly pid: number;
  /** Ends it, and resolves when it has ended; does nothing once it was started. */
  kill(): Promise<void>;
}

/** How a command is held, and for which engine; `auto` (the default) is as with `load()`. */
export interface HoldOptions extends SpawnOptions {
  readonly engine?: "auto" | EngineName | undefined;
}

/** By its name: `SIGTERM`. */
export type Signal = `SIG${string}`;

/** How a command ended: with an exit code, or by a signal, whose name is `SIGKILL` or the like; the other one is undefined. */
export interface CommandExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

const checks: Checks<SpawnOptions> = {
  cwd: aPath,
  env: anObject,
  stdin: oneOf("inherit", "ignore", "pipe"),
  stdout: oneOf("inherit", "ignore", "stderr"),
};

/** For the option that takes one. */
export const aHeldCommand: Check = (value, what) => {
  const { pid, kill } = Object(value) as Partial<HeldCommand>;
  if (typeof pid !== "number" || typeof kill !== "function") throw wrongKind(what, "a command of holdCommand()", value);
};

const holdChecks: Checks<HoldOptions> = { ...checks, engine: oneOf("auto", "kernel", "embedded") };

/** What every engine holds a command with. */
export function checkHold(file: string, args: readonly string[], options: HoldOptions): void {
  aPath(file, "The file of holdCommand()");
  strings(args, "The arguments of holdCommand()");
  checkOptions(options, holdChecks, "holdCommand()");
}

/** What every engine starts a command with. */
export function checkSpawn(file: string, args: readonly string[], options: SpawnOptions): void {
  aPath(file, "The file of spawn()");
  strings(args, "The arguments of spawn()");
  checkOptions(options, checks, "spawn()");
}
