import { Peak } from "./peak.ts";

/** Records a second from which on it is cheaper for the reader, who need not be woken for a few at a time. */
const severalPerSecond = 50_000;
/** How long it naps for those, in milliseconds: not longer than others keep the thread of an ordinary program. Half as long costs half as much again. */
const longestMs = 4;
/** Of the ring, which such a nap may fill at the highest rate of late: a burst may bring 32 times as much before anything is lost. */
const thirtySecond = 1 / 32;
/** The same for a ring that takes, for as long as a nap, all that a core can write of records of 40 bytes: 10 million a second. */
const eighth = 1 / 8;
const fastestPerMs = 512 * 1024;

/** Naps that save the reader's own time while several records come, but not many: as long as the highest rate of late allows. */
export class BriefNaps {
  /** Of the ring, which a nap may fill. */
  readonly #share: number;
  readonly #size: number;
  readonly #peak = new Peak();
  #readBefore = 0;
  #woken = 0;
  /** Milliseconds of the next one; 0 for none. */
  ms = 0;

  /** For a ring of so many bytes. */
  constructor(size: number) {
    this.#size = size;
    this.#share = size >= longestMs * fastestPerMs ? eighth : thirtySecond;
  }

  /** So many records came in a second, for `passed` milliseconds, after which `read` bytes were read in all. */
  rate(perSecond: number, read: number, passed: number, now: number): void {
    this.#peak.add((read - this.#readBefore) / this.#size / passed, now);
    this.#readBefore = read;
    this.ms = perSecond < severalPerSecond ? 0 : Math.min(Math.floor(this.#share / this.#peak.most), longestMs);
  }

  /** A nap of so many milliseconds is over, and found so much of the ring filled. */
  wake(fullness: number, napped: number, now: number): void {
    this.#woken = now;
    this.#peak.add(fullness / Math.max(napped, 1), now);
  }

  /** Whether a reader that has read what was there after a nap naps again at once: not one that was long about it. */
  goOn(now: number): boolean {
    return this.ms > 0 && now - this.#woken < this.ms / 2;
  }
}
