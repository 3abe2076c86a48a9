import { EbpfError } from "../base/errors.ts";
import { Futex } from "../sys/futex/futex.ts";
import { Errno } from "../uapi/errno.ts";
import { Word } from "./layout.ts";
import { type Slots, tokenMask } from "./slots.ts";

const free = 0;
/** In the lock word: somebody sleeps on it. */
const contended = 0x8000_0000 | 0;
const spins = 100;
/** After that many milliseconds of sleep one asks whether the owner lives. A lock is held for less than a microsecond. */
const doubtMs = 2;
/** Milliseconds that an owner who lives may keep it: it is stopped, then (SIGSTOP, a debugger). */
const patienceMs = 2000;

/**
 * Mutual exclusion between the producers of a ring, in one word of the file. It holds the token of its owner; from an
 * owner that was killed anybody takes it over. There is nothing to repair then: what the owner had done so far either was
 * published with one store, or nobody sees it.
 */
export class ProducerLock {
  readonly #name: string;
  readonly #words: Int32Array;
  readonly #slots: Slots;
  readonly #token: number;
  readonly #futex: Futex;

  constructor(name: string, words: Int32Array, slots: Slots, token: number) {
    this.#name = name;
    this.#words = words;
    this.#slots = slots;
    this.#token = token;
    this.#futex = new Futex(words, Word.lock);
  }

  /** Pairs with the exchange in {@link release}: what the last owner wrote is seen. Throws BUSY when the owner is stuck. */
  acquire(): void {
    if (this.#replace(free, this.#token)) return;
    for (let i = 0; i < spins; i += 1) {
      if (this.#replace(free, this.#token)) return;
    }
    this.#acquireSlowly();
  }

  release(): void {
    if (Atomics.exchange(this.#words, Word.lock, free) < 0) this.#futex.wake(1);
  }

  /** Whoever has waited takes it as contended, because others may still be asleep. */
  #acquireSlowly(): void {
    const mine = this.#token | contended;
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const seen = Atomics.load(this.#words, Word.lock);
      const owner = seen & tokenMask;
      // An exception, such as a stack overflow, kept us from giving it back.
      if (owner === this.#token) return;
      if (owner === free) {
        if (this.#replace(seen, mine)) return;
      } else if (this.#sleepOn(seen) && !this.#slots.isAlive(owner)) {
        if (this.#replace(owner | contended, mine)) return;
      }
      if (performance.now() > deadline) throw this.#stuck(owner);
    }
  }

  /** True when nothing has happened for a while. */
  #sleepOn(seen: number): boolean {
    const marked = seen | contended;
    if (seen !== marked && !this.#replace(seen, marked)) return false;
    return this.#futex.wait(marked, doubtMs) === -Errno.ETIMEDOUT;
  }

  #replace(expected: number, value: number): boolean {
    return Atomics.compareExchange(this.#words, Word.lock, expected, value) === expected;
  }

  #stuck(owner: number): EbpfError {
    const pid = this.#slots.processOf(owner);
    return new EbpfError(
      "BUSY",
      `Cannot write shared ring ${this.#name}: its lock was held for ${patienceMs} ms, last by process ${pid}, which may be stopped`,
    );
  }
}
