import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Enough for Node, and for the modules of the library; the process fills the rest up itself. */
export const descriptorLimit = 256;

/** Numbers of the descriptors that this process has, whoever opened them. */
export function descriptorsInUse(): string[] {
  return readdirSync("/proc/self/fd")
    .filter((name) => Number(name) > 2)
    .sort((a, b) => Number(a) - Number(b));
}

/** Takes all descriptors that are left, but for some. */
export class Hoard {
  readonly #held: number[] = [];

  /** Gives back, or takes, so that just so many are left. */
  leave(count: number): void {
    this.release();
    try {
      for (;;) this.#held.push(openSync("/dev/null", "r"));
    } catch {
      // That was the last one.
    }
    for (const descriptor of this.#held.splice(this.#held.length - count)) closeSync(descriptor);
  }

  release(): void {
    for (const descriptor of this.#held.splice(0)) closeSync(descriptor);
  }
}

export interface LimitedOutcome {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a module of the tests in a process that may have few descriptors (RLIMIT_NOFILE, which nothing raises again). */
export function runLimited(module: URL, ...args: readonly string[]): Promise<LimitedOutcome> {
  const script = `ulimit -n ${descriptorLimit} && exec "$0" "$@"`;
  const child = spawn("sh", ["-c", script, process.execPath, fileURLToPath(module), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
}
