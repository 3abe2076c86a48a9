import { Peak } from "./peak.ts";

/** Records a second from which on looking by the clock is cheaper, for both sides, than being woken; measured. */
const manyPerSecond = 2_000_000;
/** Records a second from which on it is cheaper for the reader, who need not be woken for a few at a time. */
const severalPerSecond = 50_000;
/** How long it naps for those, in milliseconds: not longer than others keep the thread of an ordinary program. */
const severalMs = 2;
/** Of the ring, which such a nap may fill at the highest rate of late: a burst may bring 32 times as much before anything is lost. */
const thirtySecond = 1 / 32;
/** The same for a ring that takes, for as long as a nap, all that a core can write of records of 40 bytes: 10 million a second. */
const eighth = 1 / 8;
const fastestPerMs = 512 * 1024;
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
  readonly #perSecond: number;
  readonly #peak: Peak | undefined;
  #napMs: number;
  #napping = false;
  /** Milliseconds of a nap where several records come, but not many. */
  #briefMs = 0;
  #since = -Infinity;
  #before = 0;
  #readBefore = 0;
  #napSince = 0;
  #woken = 0;
  #restUntil = -Infinity;

  /** Naps of up to `maxLatencyMs`, or none when that is less than a timer's millisecond. */
  constructor(traffic: Traffic, maxLatencyMs?: number) {
    this.#traffic = traffic;
    this.#longestMs = Math.floor(maxLatencyMs ?? 1);
    this.#perSecond = maxLatencyMs === undefined ? manyPerSecond : (manyPerNap * 1000) / maxLatencyMs;
    this.#peak = maxLatencyMs === undefined && traffic.bytes !== undefined ? new Peak() : undefined;
    this.#napMs = this.#longestMs;
  }

  /** The ring is empty: milliseconds to nap, or 0 to sleep until woken. */
  nap(now: number = performance.now()): number {
    if (this.#longestMs === 0) return 0;
    const passed = now - this.#since;
    if (passed >= windowMs) this.#look(passed, now);
    this.#napSince = now;
    if (now < this.#restUntil) return 0;
    return this.#napping ? Math.max(this.#napMs, this.#briefMs) : this.#briefMs;
  }

  /**
   * Whether a loop that has read what was there after a brief nap naps again at once, and leaves what has come meanwhile until then: a reader
   * at the producer's heels is handed a few records at a time, and slows both. Not one that was long about it.
   */
  napsAgain(now: number = performance.now()): boolean {
    return !this.#napping && this.#briefMs > 0 && now - this.#woken < this.#briefMs / 2;
  }

  /** A nap is over: the next one is as long as a quarter of the ring takes to fill. */
  wake(now: number = performance.now()): void {
    this.#woken = now;
    const fullness = this.#traffic.fullness();
    this.#peak?.add(fullness / Math.max(now - this.#napSince, 1), now);
    const wanted = Math.floor((this.#napMs * quarter) / fullness);
    if (wanted < 1) this.#restUntil = now + restMs;
    this.#napMs = Math.min(Math.max(wanted, 1), this.#longestMs);
  }

  #look(passed: number, now: number): void {
    const received = this.#traffic.received();
    const perSecond = ((received - this.#before) * 1000) / passed;
    this.#napping = perSecond >= this.#perSecond;
    this.#briefMs = this.#briefNap(perSecond, passed, now);
    this.#since = now;
    this.#before = received;
  }

  #briefNap(perSecond: number, passed: number, now: number): number {
    const { bytes } = this.#traffic;
    if (this.#peak === undefined || bytes === undefined) return 0;
    const read = bytes.read();
    this.#peak.add((read - this.#readBefore) / bytes.size / passed, now);
    this.#readBefore = read;
    if (perSecond < severalPerSecond) return 0;
    const most = bytes.size >= severalMs * fastestPerMs ? eighth : thirtySecond;
    return Math.min(Math.floor(most / this.#peak.most), severalMs);
  }
}
