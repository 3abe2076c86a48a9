import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The programs that tests start. */
const programs: Readonly<Record<"actor" | "exit" | "hostile", URL>> = {
  actor: new URL("./child.js", import.meta.url),
  exit: new URL("./exit-child.js", import.meta.url),
  hostile: new URL("./hostile-child.js", import.meta.url),
};

/** No child outlives a test that hangs by more than this. */
const longestLife = 90_000;

/** A process that is gone when its block ends. */
export class Child {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #ended = false;

  constructor(program: keyof typeof programs, args: readonly string[], fds: readonly number[] = []) {
    const path = fileURLToPath(programs[program]);
    this.process = spawn(process.execPath, [path, ...args], {
      stdio: ["ignore", "pipe", "inherit", ...fds],
      timeout: longestLife,
      killSignal: "SIGKILL",
    });
    const reader = createInterface({ input: this.process.stdout! });
    reader.on("line", (line) => {
      this.lines.push(line);
      this.#wake();
    });
    reader.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Resolves once that many lines came. */
  async said(count: number): Promise<void> {
    while (this.lines.length < count) {
      if (this.#ended) throw new Error(`The child ended after ${this.lines.length} lines`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async kill(): Promise<void> {
    const exit = this.exit();
    this.process.kill("SIGKILL");
    await exit;
  }

  /** The exit code, or the signal that ended it. */
  async exit(): Promise<number | string | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit");
    return this.process.exitCode ?? this.process.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
