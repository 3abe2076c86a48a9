import { SharedLock } from "./shared-lock.ts";

const lockWord = 0;
/** 1 when the owner has closed it; notified then. */
const closedWord = 1;

/** What the threads share that use one thing in turns: a lock, and whether its owner has closed it. Survives `postMessage` as its buffer. */
export class SharedAccess {
  readonly buffer: SharedArrayBuffer;
  readonly lock: SharedLock;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.lock = new SharedLock(this.#words, lockWord);
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
