import { callOut } from "./call-out.ts";

/** What went wrong in a function of the user's, which may throw anything, `undefined` included. */
export interface ReportFailure {
  readonly error: unknown;
}

/**
 * Calls the functions that the user gave to be told of something (`onPrint`, `onFault`). What the first one throws that fails, or rejects the
 * promise with that it returns, is kept for whoever waits for the end; nothing is told after it, since it would fail again.
 */
export class Reports {
  readonly #onFailure: () => void;
  #failure: ReportFailure | undefined;
  #pending = 0;
  #onSettled: () => void = () => {};

  constructor(onFailure: () => void = () => {}) {
    this.#onFailure = onFailure;
  }

  get failure(): ReportFailure | undefined {
    return this.#failure;
  }

  tell(call: () => unknown): void {
    if (this.#failure !== undefined) return;
    this.#pending += 1;
    callOut(
      call,
      () => this.#end(),
      (error) => {
        this.#fail(error);
        this.#end();
      },
    );
  }

  /** When the promises that they returned are settled. */
  async settled(): Promise<void> {
    while (this.#pending > 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => (this.#onSettled = resolve));
    }
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#onFailure();
  }

  #end(): void {
    this.#pending -= 1;
    if (this.#pending === 0 || this.#failure !== undefined) this.#onSettled();
  }
}
