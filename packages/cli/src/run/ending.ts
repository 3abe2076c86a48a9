import { constants } from "node:os";
import type { CommandExit } from "ebpf-ts";

type EndingSignal = "SIGINT" | "SIGTERM" | "SIGHUP";
/** Milliseconds: 32 bits, signed. */
const longestTimer = 2 ** 31 - 1;
const signals: readonly EndingSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * When a run is over: its command ended, its time is up, it has its events, nobody reads them, or a signal came (Ctrl-C, a terminal that
 * is closed).
 */
export class Ending {
  readonly reached: Promise<void>;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Neither a promise nor a listener for a signal keeps the process running, and an object without a ring has nothing that does. */
  readonly #hold = setInterval(() => {}, longestTimer);
  readonly #onSignal: (signal: EndingSignal) => void;
  readonly #onOutputError: () => void;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #signal: EndingSignal | undefined;
  #commandExit: CommandExit | undefined;

  constructor(seconds: number | undefined) {
    this.reached = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#onSignal = (signal) => {
      this.#signal ??= signal;
      this.now();
    };
    this.#onOutputError = () => this.now();
    // Once each: a second Ctrl-C has its usual effect, should cleaning up ever take long.
    for (const signal of signals) process.once(signal, this.#onSignal);
    process.stdout.once("error", this.#onOutputError);
    if (seconds !== undefined) this.#timer = setTimeout(() => this.now(), seconds * 1000);
  }

  /** How the command ended, if that was what ended the run. */
  get commandExit(): CommandExit | undefined {
    return this.#commandExit;
  }

  /**
   * As shells have it, for a run that a signal ended. Ctrl-C goes to the command too, and what it does there may be heard of first.
   */
  get exitCode(): number | undefined {
    const signal = this.#signal ?? (this.#commandExit?.signal === "SIGINT" ? "SIGINT" : undefined);
    return signal === undefined ? undefined : 128 + constants.signals[signal];
  }

  byCommand(exit: CommandExit): void {
    this.#commandExit = exit;
    this.now();
  }

  now(): void {
    this.#resolve();
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearInterval(this.#hold);
    for (const signal of signals) process.off(signal, this.#onSignal);
    process.stdout.off("error", this.#onOutputError);
  }
}
