import { Futex } from "../sys/futex/futex.ts";

/** Words of a bell: whether somebody is, or is about to be, asleep; and how often it rang. */
const asleep = 0;
const sequence = 1;

/**
 * Wakes the other side of a ring, wherever it is, and only if it sleeps: otherwise ringing is one load.
 *
 * ```text
 *   sleeper   n = sequence; asleep = 1; look at the ring once more; FUTEX_WAIT(sequence, n)
 *   ringer    change the ring; if asleep: asleep = 0, sequence += 1, FUTEX_WAKE(sequence)
 * ```
 * All accesses are sequentially consistent, so that either the sleeper sees the change or the ringer sees the sleeper. A ringer
 * that is killed between its stores has woken nobody: sleepers look again after a while.
 */
export class Doorbell {
  readonly futex: Futex;
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
    this.futex = new Futex(words, at + sequence);
  }

  /** After a change of the ring. */
  ring(): void {
    if (Atomics.load(this.#words, this.#at + asleep) !== 0) this.#wake();
  }

  get sequence(): number {
    return Atomics.load(this.#words, this.#at + sequence);
  }

  /** Somebody is about to sleep, and now looks at the ring once more. */
  announce(): void {
    Atomics.store(this.#words, this.#at + asleep, 1);
  }

  #wake(): void {
    if (Atomics.exchange(this.#words, this.#at + asleep, 0) === 0) return;
    Atomics.add(this.#words, this.#at + sequence, 1);
    this.futex.wake();
  }
}
