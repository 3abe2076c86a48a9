import type { CommandExit } from "ebpf-ts";

/** When a run is over: its command ended, its time is up, it has its events, nobody reads them, or somebody pressed Ctrl-C. */
export class Ending {
  readonly reached: Promise<void>;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onSignal: () => void;
  readonly #onOutputError: () => void;
  #resolve: () => void = () => {};
  #interrupted = false;
  #commandExit: CommandExit | undefined;

  constructor(seconds: number | undefined) {
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#onSignal = () => {
      this.#interrupted = true;
      this.now();
    };
    this.#onOutputError = () => this.now();
    // Once only: a second Ctrl-C has its usual effect, should cleaning up ever take long.
    process.once("SIGINT", this.#onSignal);
    process.once("SIGTERM", this.#onSignal);
    process.stdout.once("error", this.#onOutputError);
    if (seconds !== undefined) this.#timer = setTimeout(() => this.now(), seconds * 1000);
  }

  /** By a signal to this process. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** How the command ended, if that was what ended the run. */
  get commandExit(): CommandExit | undefined {
    return this.#commandExit;
  }

  byCommand(exit: CommandExit): void {
    this.#commandExit = exit;
    this.now();
  }

  now(): void {
    this.#resolve();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    process.off("SIGINT", this.#onSignal);
    process.off("SIGTERM", this.#onSignal);
    process.stdout.off("error", this.#onOutputError);
  }
}
