import { spawnSync } from "node:child_process";

/** The state of the terminal: a command that is killed cannot put right any more what it has changed. */
export class Terminal {
  readonly #state: string | undefined;

  constructor() {
    this.#state = process.stdin.isTTY ? stty("-g") : undefined;
  }

  restore(): void {
    if (this.#state !== undefined && stty("-g") !== this.#state) stty(this.#state);
  }
}

/** Undefined where there is no such command, or no terminal to speak of. In the background it would be stopped, so it has a limit. */
function stty(argument: string): string | undefined {
  const { status, stdout } = spawnSync("stty", [argument], {
    stdio: ["inherit", "pipe", "ignore"],
    encoding: "utf8",
    timeout: 1000,
    killSignal: "SIGKILL",
  });
  return status === 0 ? stdout.trim() : undefined;
}
