import { EbpfError } from "../base/errors.ts";

const free = 0;
const held = 1;
/** Held, and some thread may be asleep on the word. */
const contended = 2;

const spins = 200;
/** Milliseconds. A lock is held for microseconds, so a holder that has not let go by then is gone. */
const usualPatience = 10_000;

/** A browser's main thread may not sleep: `Atomics.wait` throws there. */
const maySleep = probeSleep();

function probeSleep(): boolean {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0) === "timed-out";
  } catch {
    return false;
  }
}

/**
 * Mutual exclusion between threads, in one Int32 of shared memory: it spins a little, then sleeps where
 * the thread may. Not recursive, so nothing foreign (a callback, an iterator's consumer) is called while it is held.
 *
 * A thread must not be terminated while it runs a program: a lock that it held would stay held, and the others would find
 * it out only when their patience ends, with an error instead of a hang.
 */
export class SharedLock {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #patience: number;

  constructor(words: Int32Array, index: number, patience: number = usualPatience) {
    this.#words = words;
    this.#index = index;
    this.#patience = patience;
  }

  /** Pairs with the exchange in {@link release}: what the last holder wrote is seen. */
  acquire(): void {
    if (Atomics.compareExchange(this.#words, this.#index, free, held) !== free) {
      this.#acquireSlowly();
    }
  }

  release(): void {
    if (Atomics.exchange(this.#words, this.#index, free) === contended) {
      Atomics.notify(this.#words, this.#index, 1);
    }
  }

  #acquireSlowly(): void {
    for (let i = 0; i < spins; i++) {
      if (Atomics.compareExchange(this.#words, this.#index, free, held) === free) {
        return;
      }
    }
    const deadline = performance.now() + this.#patience;
    // Whoever waited takes it as contended, because others may still be asleep.
    while (Atomics.exchange(this.#words, this.#index, contended) !== free) {
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new EbpfError(
          "FAULT",
          "Cannot lock a map: the thread that holds its lock was ended or is stuck; load the collection again",
        );
      }
      if (maySleep) {
        Atomics.wait(this.#words, this.#index, contended, left);
      }
    }
  }
}
