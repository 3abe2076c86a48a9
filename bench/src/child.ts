import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { BenchFailure } from "./failure.ts";

/** Every process that the benchmark started and that has not ended. */
const alive = new Set<ChildProcess>();

/** Ends what is left, by its pid; also called when the benchmark itself is ended. */
export function killChildren(): void {
  for (const child of alive) child.kill("SIGKILL");
  alive.clear();
}

/**
 * A process on one core that answers in lines of JSON. What it says on its error output is ours too, and is told when
 * it fails.
 */
export class Child {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  #errors = "";
  #status: string | undefined;
  #wake: () => void = () => {};

  constructor(name: string, core: number, file: string, args: readonly string[]) {
    this.#name = name;
    const child = spawn("taskset", ["-c", String(core), file, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    alive.add(child);
    createInterface(child.stdout).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    child.stdin.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      const end = (status: string): void => {
        alive.delete(child);
        this.#status = status;
        this.#wake();
        resolve();
      };
      child.on("error", (error) =>
        end((error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no taskset" : error.message),
      );
      child.on("close", (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  send(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  endInput(): void {
    this.#process.stdin?.end();
  }

  /** The next line that it says. */
  async answer<T>(): Promise<T> {
    while (this.#lines.length === 0) {
      if (this.#status !== undefined) throw this.#failure();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return JSON.parse(this.#lines.shift()!) as T;
  }

  /** Closes its input, which asks it to end, and waits for that. */
  async end(): Promise<void> {
    this.endInput();
    await this.#ended;
  }

  #failure(): BenchFailure {
    return new BenchFailure(
      `The process ${this.#name} ended too early (${this.#status}): ${this.#errors.trim() || "it gave no reason"}`,
    );
  }
}
