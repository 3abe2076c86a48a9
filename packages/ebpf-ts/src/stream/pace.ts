/** Records a second from which on looking by the clock is cheaper, for both sides, than being woken; measured. */
const manyPerSecond = 2_000_000;
/** The same where a bound on the latency was asked for: so many records a nap. */
const manyPerNap = 64;
/** A rate is taken over so many milliseconds at least. */
const windowMs = 2;
/** Of the ring, which a nap may fill: the rest is for what keeps the thread longer. */
const quarter = 1 / 4;
/** How long it does without naps when even one of 1 ms was too long, in milliseconds. */
const restMs = 1000;

/** What a ring tells of its traffic. */
export interface Traffic {
  /** Records handed out so far. */
  received(): number;
  /** How much of the ring waits to be read: 0 to 1. */
  fullness(): number;
}

/**
 * Whether a loop that has emptied its ring sleeps until it is woken, or naps and looks again: as drivers of network cards do,
 * interrupts while little comes, polling while much does. A wake-up costs two threads some 15 µs, and an interrupt on the producer's
 * side, again and again for a few records each; during a nap the consumer is behind, and the kernel raises none.
 */
export class Pace {
  readonly #traffic: Traffic;
  readonly #longestMs: number;
  readonly #perSecond: number;
  #napMs: number;
  #napping = false;
  #since = -Infinity;
  #before = 0;
  #restUntil = -Infinity;

  /** Naps of up to `maxLatencyMs`, or none when that is less than a timer's millisecond. */
  constructor(traffic: Traffic, maxLatencyMs?: number) {
    this.#traffic = traffic;
    this.#longestMs = Math.floor(maxLatencyMs ?? 1);
    this.#perSecond = maxLatencyMs === undefined ? manyPerSecond : (manyPerNap * 1000) / maxLatencyMs;
    this.#napMs = this.#longestMs;
  }

  /** The ring is empty: milliseconds to nap, or 0 to sleep until woken. */
  nap(now: number = performance.now()): number {
    if (this.#longestMs === 0) return 0;
    const passed = now - this.#since;
    if (passed >= windowMs) {
      const received = this.#traffic.received();
      this.#napping = ((received - this.#before) * 1000) / passed >= this.#perSecond;
      this.#since = now;
      this.#before = received;
    }
    return this.#napping && now >= this.#restUntil ? this.#napMs : 0;
  }

  /** A nap is over: the next one is as long as a quarter of the ring takes to fill. */
  wake(now: number = performance.now()): void {
    const wanted = Math.floor((this.#napMs * quarter) / this.#traffic.fullness());
    if (wanted < 1) this.#restUntil = now + restMs;
    this.#napMs = Math.min(Math.max(wanted, 1), this.#longestMs);
  }
}
