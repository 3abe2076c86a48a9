import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A process that is nobody's command, and calls kill(2) again and again, as `sh`, until it is disposed of. */
export class NoisyNeighbour {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<NoisyNeighbour> {
    const child = spawn("sh", ["-c", "while :; do kill -0 $$; echo x; done"], { stdio: ["ignore", "pipe", "ignore"] });
    await once(child.stdout!, "data");
    child.stdout!.resume();
    return new NoisyNeighbour(child);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves when it has called kill(2) once more. */
  async heard(): Promise<void> {
    await once(this.#child.stdout!, "data");
    await once(this.#child.stdout!, "data");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
