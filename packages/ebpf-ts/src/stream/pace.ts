import { BriefNaps } from "./brief-naps.ts";
import { FloodNaps } from "./flood-naps.ts";

/** Records a second from which on looking by the clock is cheaper, for both sides, than being woken; measured. */
const manyPerSecond = 2_000_000;
/** The same where a bound on the latency was asked for: so many records a nap. */
const manyPerNap = 64;
/** A rate is taken over so many milliseconds at least. */
const windowMs = 2;

/** What a ring tells of its traffic. */
export interface Traffic {
  /** Records handed out so far. */
  received(): number;
  /** How much of the ring waits to be read: 0 to 1. */
  fullness(): number;
  /** Bytes of the ring, and how many were read so far; left out where nobody counts. */
  readonly bytes?: { readonly size: number; read(): number };
}

/**
 * Whether a loop that has emptied its ring sleeps until it is woken, or naps and looks again: as drivers of network cards do,
 * interrupts while little comes, polling while much does. A wake-up costs two threads some 15 µs, and an interrupt on the producer's
 * side, again and again for a few records each; during a nap the consumer is behind, and the kernel raises none.
 */
export class Pace {
  readonly #traffic: Traffic;
  readonly #longestMs: number;
  readonly #flood: FloodNaps;
  /** None where a bound on the latency was asked for, or nobody counts bytes. */
  readonly #brief: BriefNaps | undefined;
  #since = -Infinity;
  #before = 0;
  #napSince = 0;

  /** Naps of up to `maxLatencyMs`, or none when that is less than a timer's millisecond. */
  constructor(traffic: Traffic, maxLatencyMs?: number) {
    this.#traffic = traffic;
    this.#longestMs = Math.floor(maxLatencyMs ?? 1);
    const many = maxLatencyMs === undefined ? manyPerSecond : (manyPerNap * 1000) / maxLatencyMs;
    this.#flood = new FloodNaps(many, this.#longestMs);
    if (maxLatencyMs === undefined && traffic.bytes !== undefined) this.#brief = new BriefNaps(traffic.bytes.size);
  }

  /** The ring is empty: milliseconds to nap, or 0 to sleep until woken. */
  nap(now: number = performance.now()): number {
    if (this.#longestMs === 0) return 0;
    const passed = now - this.#since;
    if (passed >= windowMs) this.#look(passed, now);
    this.#napSince = now;
    return this.#flood.rests(now) ? 0 : Math.max(this.#flood.ms, this.#brief?.ms ?? 0);
  }

  /**
   * Whether a loop that has read what was there after a brief nap naps again at once, and leaves what has come meanwhile until then: a reader
   * at the producer's heels is handed a few records at a time, and slows both.
   */
  napsAgain(now: number = performance.now()): boolean {
    return !this.#flood.on && this.#brief?.goOn(now) === true;
  }

  /** A nap is over. */
  wake(now: number = performance.now()): void {
    const fullness = this.#traffic.fullness();
    this.#brief?.wake(fullness, now - this.#napSince, now);
    this.#flood.wake(fullness, now);
  }

  #look(passed: number, now: number): void {
    const received = this.#traffic.received();
    const perSecond = ((received - this.#before) * 1000) / passed;
    this.#flood.rate(perSecond);
    this.#brief?.rate(perSecond, this.#traffic.bytes!.read(), passed, now);
    this.#since = now;
    this.#before = received;
  }
}
