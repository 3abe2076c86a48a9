/** Longest time that a stream which always has something holds the thread before timers and sockets get their turn. */
const turnMs = 10;

/** Keeps a stream of promises that are ready at once from starving the event loop, which runs only when they run out. */
export class TurnBudget {
  /** How often the clock is looked at: reading it costs as much as a few records. */
  readonly #stepsPerLook: number;
  #began: number = performance.now();
  #left: number;

  constructor(stepsPerLook = 8) {
    this.#stepsPerLook = stepsPerLook;
    this.#left = stepsPerLook;
  }

  /** Counts a step; true when it is time to let others have theirs (yield-turn.ts). */
  spent(): boolean {
    this.#left -= 1;
    if (this.#left > 0) return false;
    this.#left = this.#stepsPerLook;
    return performance.now() - this.#began >= turnMs;
  }

  restart(): void {
    this.#began = performance.now();
  }
}
