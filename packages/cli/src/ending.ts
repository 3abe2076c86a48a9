/** When a run is over: its command ended, its time is up, it has its events, or somebody pressed Ctrl-C. */
export class Ending {
  readonly reached: Promise<void>;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onSignal: () => void;
  #resolve: () => void = () => {};

  constructor(seconds: number | undefined) {
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#onSignal = () => this.now();
    // Once only: a second Ctrl-C has its usual effect, should cleaning up ever take long.
    process.once("SIGINT", this.#onSignal);
    process.once("SIGTERM", this.#onSignal);
    if (seconds !== undefined) this.#timer = setTimeout(() => this.now(), seconds * 1000);
  }

  now(): void {
    this.#resolve();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    process.off("SIGINT", this.#onSignal);
    process.off("SIGTERM", this.#onSignal);
  }
}
