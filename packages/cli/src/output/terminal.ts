import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** The state of the terminal: a command that is killed cannot put right any more what it has changed. */
export class Terminal {
  readonly #state: string | undefined;

  constructor() {
    this.#state = process.stdin.isTTY ? stty("-g") : undefined;
  }

  /** In the background the terminal is somebody else's, and is let be. */
  restore(): void {
    if (this.#state !== undefined && isInForeground() && stty("-g") !== this.#state) stty(this.#state);
  }
}

const ownStat = "/proc/self/stat";

/** Whether the terminal, if one controls this process, is that of its process group (proc_pid_stat(5): pgrp and tpgid). */
function isInForeground(): boolean {
  if (!existsSync(ownStat)) return true;
  const stat = readFileSync(ownStat, "latin1");
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return foreground === "-1" || foreground === group;
}

/** Some runtimes start it in a process group of its own, in which SIGTTOU would stop it. */
const patiently = 'trap "" TTOU; exec stty "$1"';

/** Undefined where there is no such command, or no terminal to speak of. */
function stty(argument: string): string | undefined {
  const { status, stdout } = spawnSync("sh", ["-c", patiently, "sh", argument], {
    stdio: ["inherit", "pipe", "ignore"],
    encoding: "utf8",
    timeout: 1000,
    killSignal: "SIGKILL",
  });
  return status === 0 ? stdout.trim() : undefined;
}
