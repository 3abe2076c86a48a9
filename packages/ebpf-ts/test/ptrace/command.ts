import { readFileSync } from "node:fs";
import { startTraced } from "../../src/engine/embedded/sources/ptrace/start-traced.ts";
import type { TracedCommand } from "../../src/engine/embedded/sources/ptrace/start-traced.ts";
import type { EbpfError } from "../../src/base/errors.ts";
import type { CommandExit, SpawnOptions } from "../../src/engine/command.ts";
import { TestMachine } from "./machine.ts";
import type { Event, TestProgram } from "./machine.ts";

export interface StartOptions {
  readonly filter?: boolean;
  readonly spawn?: SpawnOptions;
}

export interface Started {
  readonly command: TracedCommand;
  readonly machine: TestMachine;
  readonly lines: string[];
  readonly faults: EbpfError[];
}

export async function start(
  programs: readonly TestProgram[],
  argv: readonly [string, ...string[]],
  options: StartOptions = {},
): Promise<Started> {
  const machine = new TestMachine(...programs);
  const lines: string[] = [];
  const faults: EbpfError[] = [];
  const [file, ...args] = argv;
  const command = await startTraced({
    file,
    args,
    spawn: { stdin: "ignore", ...options.spawn },
    image: machine.image,
    places: machine.programs.all,
    onPrint: (line) => lines.push(line),
    onFault: (fault) => faults.push(fault),
    filter: options.filter,
  });
  return { command, machine, lines, faults };
}

export interface Ended extends Started {
  readonly exit: CommandExit;
  readonly events: Event[];
}

/** Runs a command to its end. */
export async function run(
  programs: readonly TestProgram[],
  argv: readonly [string, ...string[]],
  options: StartOptions = {},
): Promise<Ended> {
  const started = await start(programs, argv, options);
  const exit = await started.command.exited;
  return { ...started, exit, events: started.machine.events() };
}

export function shell(script: string): ["sh", "-c", string] {
  return ["sh", "-c", script];
}

export const enterKill: TestProgram = { attach: "tracepoint/syscalls/sys_enter_kill", what: "tracepoint" };
export const exitKill: TestProgram = { attach: "tp/syscalls/sys_exit_kill", what: "tracepoint" };

/** A process that has ended and only waits for its parent to notice is not alive. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

export async function until(condition: () => boolean, what: string, seconds = 120): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
