const longestMs = 16;

/**
 * Growing naps for a condition that a bell does not tell apart: it rings for any data, also for a record that is not yet
 * committed, and for any room, also for too little. Without naps that would be a busy loop.
 */
export class Backoff {
  #ms = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** True when the longest nap did not help. */
  get exhausted(): boolean {
    return this.#ms >= longestMs;
  }

  /** 1 ms, then twice as long each time, up to 16 ms. */
  nap(callback: () => void): void {
    this.stop();
    this.#ms = Math.min(Math.max(this.#ms * 2, 1), longestMs);
    this.#timer = setTimeout(callback, this.#ms);
  }

  reset(): void {
    this.#ms = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
