import { SharedLock } from "./shared-lock.ts";

const lockWord = 0;
/** 1 when the owner has closed it; notified then. */
const closedWord = 1;
/** The thread whose turn it is, 0 for none. */
const holderWord = 2;

/** Tells this thread from others: any number but 0, which no host can give everywhere. Two that are alike would at worst refuse each other. */
const thisThread = 1 + Math.floor(Math.random() * (2 ** 31 - 1));

export const sharedAccessBytes = 12;

/** What the threads share that use one thing in turns: a lock, and whether its owner has closed it. Survives `postMessage` as its buffer. */
export class SharedAccess {
  readonly buffer: SharedArrayBuffer;
  readonly #lock: SharedLock;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#lock = new SharedLock(this.#words, lockWord);
  }

  /** Whether this thread has the turn: taking it once more would wait for ever. Nobody else writes its number. */
  get isMine(): boolean {
    return this.#words[holderWord] === thisThread;
  }

  acquire(): void {
    this.#lock.acquire();
    this.#words[holderWord] = thisThread;
  }

  release(): void {
    this.#words[holderWord] = 0;
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
