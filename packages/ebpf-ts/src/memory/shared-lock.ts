import { EbpfError } from "../base/errors.ts";
import { isAlive, nobody, ownThread, threadMask } from "../base/thread-lives.ts";

/** In the lock word, beside its holder: some thread may be asleep on it. */
const contended = 0x8000_0000 | 0;

const spins = 200;
/** Milliseconds of sleep after which one asks whether the holder lives. A lock is held for microseconds. */
const doubt = 2;
/** Milliseconds that a holder who lives may keep it: it is stuck, then. */
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
 * Mutual exclusion between threads, in one Int32 of shared memory, which holds the number of its holder: it spins a little, then sleeps
 * where the thread may. Not recursive, so nothing foreign (a callback, an iterator's consumer) is called while it is held, unless the
 * caller asks {@link isMine} first.
 *
 * A thread may be terminated at any moment. From a holder that is gone anybody takes it over, and is told so, to repair what the other
 * left half done. Whoever is terminated while repairing is a holder that is gone.
 */
export class SharedLock {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #what: string;
  readonly #patience: number;

  /** `what` is locked, in errors: "map events". */
  constructor(words: Int32Array, index: number, what: string, patience: number = usualPatience) {
    this.#words = words;
    this.#index = index;
    this.#what = what;
    this.#patience = patience;
  }

  get isMine(): boolean {
    return (Atomics.load(this.#words, this.#index) & threadMask) === ownThread();
  }

  /**
   * True when it was taken over: the holder before is gone, and what it was at is to be repaired. Pairs with the exchange in
   * {@link release}: what the last holder wrote is seen. Throws FAULT when the holder is stuck.
   */
  acquire(): boolean {
    return !this.#replace(nobody, ownThread()) && this.#acquireSlowly();
  }

  release(): void {
    if (Atomics.exchange(this.#words, this.#index, nobody) < 0) Atomics.notify(this.#words, this.#index, 1);
  }

  /** Whoever has waited takes it as contended, because others may still be asleep. */
  #acquireSlowly(): boolean {
    const own = ownThread();
    for (let i = 0; i < spins; i++) if (this.#replace(nobody, own)) return false;
    const deadline = performance.now() + this.#patience;
    for (;;) {
      const seen = Atomics.load(this.#words, this.#index);
      const holder = seen & threadMask;
      if (holder === nobody) {
        if (this.#replace(seen, own | contended)) return false;
      } else if (this.#isGone(seen) && this.#replaceHolder(holder, own | contended)) {
        return true;
      }
      if (performance.now() > deadline) throw this.#stuck();
    }
  }

  /** Held by this very thread, it was left so by an exception (of a stack that was full), since nothing takes it twice. */
  #isGone(seen: number): boolean {
    const holder = seen & threadMask;
    return holder === ownThread() || (this.#sleepOn(seen) && !isAlive(holder));
  }

  /** True when nothing has happened for a while. */
  #sleepOn(seen: number): boolean {
    if (!maySleep) return true;
    const marked = seen | contended;
    if (seen !== marked && !this.#replace(seen, marked)) return false;
    return Atomics.wait(this.#words, this.#index, marked, doubt) === "timed-out";
  }

  /** Whether others sleep on it or not. */
  #replaceHolder(holder: number, value: number): boolean {
    return this.#replace(holder | contended, value) || this.#replace(holder, value);
  }

  #replace(expected: number, value: number): boolean {
    return Atomics.compareExchange(this.#words, this.#index, expected, value) === expected;
  }

  #stuck(): EbpfError {
    return new EbpfError(
      "FAULT",
      `Cannot lock ${this.#what}: another thread has held its lock for ${this.#patience} ms, and has not ended`,
    );
  }
}
