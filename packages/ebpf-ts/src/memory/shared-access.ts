import { SharedLock } from "./shared-lock.ts";

/*
 * What the threads share that use one thing in turns: a lock, whether its owner has closed it, and what was left behind.
 *
 *   0  lock        i32
 *   4  closed      i32, 1 when the owner has closed it; notified then
 *   8  abandoned   3 u64, see ring/abandoned-count.ts
 */
const lockWord = 0;
const closedWord = 1;
const abandonedAt = 8;

export const sharedAccessBytes = 32;

/** Survives `postMessage` as its buffer. */
export class SharedAccess {
  readonly buffer: SharedArrayBuffer;
  readonly abandoned: BigUint64Array;
  readonly #lock: SharedLock;
  readonly #words: Int32Array;

  /** `what` is used in turns, in errors: "ring samples". */
  constructor(buffer: SharedArrayBuffer, what: string) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.abandoned = new BigUint64Array(buffer, abandonedAt, 3);
    this.#lock = new SharedLock(this.#words, lockWord, what);
  }

  /** Whether this thread has the turn. */
  get isMine(): boolean {
    return this.#lock.isMine;
  }

  /** True when it was taken over from a thread that is gone. */
  acquire(): boolean {
    return this.#lock.acquire();
  }

  release(): void {
    this.#lock.release();
  }

  get open(): boolean {
    return Atomics.load(this.#words, closedWord) === 0;
  }

  close(): void {
    Atomics.store(this.#words, closedWord, 1);
    Atomics.notify(this.#words, closedWord);
  }

  /** Calls back soon after the owner has closed it, where the host can wait for that without blocking. */
  onClose(callback: () => void): void {
    if (typeof Atomics.waitAsync !== "function") return;
    const result = Atomics.waitAsync(this.#words, closedWord, 0);
    if (result.async) void result.value.then(callback);
    else callback();
  }
}
