import { spawnSync } from "node:child_process";
import { isatty } from "node:tty";

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

/** Ends this process as SIGHUP does, where its terminal is gone: Node's own end would try to set that terminal right, and abort (20.20). */
export function endWithTerminal(): void {
  const streams = [process.stdin, process.stdout, process.stderr];
  if (streams.some((stream, descriptor) => stream.isTTY && !isatty(descriptor))) process.kill(process.pid, "SIGHUP");
}
