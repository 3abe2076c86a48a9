/** Of the ring, which a nap may fill: the rest is for what keeps the thread longer. */
const quarter = 1 / 4;
/** How long it does without naps when even one of 1 ms was too long, in milliseconds. */
const restMs = 1000;

/**
 * Naps while so much comes that a wake-up is dearer, for both sides, than a look by the clock. Each is as long as a quarter of the ring takes to fill, as
 * far as the one before tells.
 */
export class FloodNaps {
  readonly #perSecond: number;
  readonly #longestMs: number;
  #nextMs: number;
  #restUntil = -Infinity;
  /** Whether so much comes. */
  on = false;

  /** From so many records a second on. */
  constructor(perSecond: number, longestMs: number) {
    this.#perSecond = perSecond;
    this.#longestMs = longestMs;
    this.#nextMs = longestMs;
  }

  /** Milliseconds of the next one; 0 for none. */
  get ms(): number {
    return this.on ? this.#nextMs : 0;
  }

  /** So many records came in a second. */
  rate(perSecond: number): void {
    this.on = perSecond >= this.#perSecond;
  }

  /** A nap is over, and found so much of the ring filled. */
  wake(fullness: number, now: number): void {
    const wanted = Math.floor((this.#nextMs * quarter) / fullness);
    if (wanted < 1) this.#restUntil = now + restMs;
    this.#nextMs = Math.min(Math.max(wanted, 1), this.#longestMs);
  }

  /** Whether even the shortest nap was too long a moment ago. */
  rests(now: number): boolean {
    return now < this.#restUntil;
  }
}
