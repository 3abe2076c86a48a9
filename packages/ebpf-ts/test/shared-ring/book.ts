import { closeSync, ftruncateSync, openSync } from "node:fs";
import { mapMemory } from "../../src/sys/memory/mapping.ts";

const bytes = 1 << 18;
const stopWord = 0;
const firstLife = 16;
const perLife = 4;

/** Lives of producers that one book can hold. */
export const maxLives: number = Math.floor((bytes / 4 - firstLife) / perLife);

/**
 * What happened, in memory that outlives whoever is killed. A producer's life notes up to which record it tried, had reserved, and had
 * committed; the consumers note which one they expect next.
 */
export class Book {
  readonly #words: Int32Array;

  constructor(path: string) {
    const fd = openSync(path, "a+", 0o600);
    ftruncateSync(fd, bytes);
    const memory = mapMemory({ fd, offset: 0, length: bytes, writable: true });
    closeSync(fd);
    if (typeof memory === "number") throw new Error(`mmap failed with errno ${-memory}`);
    this.#words = new Int32Array(memory, 0, bytes / 4);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, stopWord) !== 0;
  }

  stop(): void {
    Atomics.store(this.#words, stopWord, 1);
  }

  life(life: number): Life {
    if (life >= maxLives) throw new RangeError("The book is full");
    return new Life(this.#words, firstLife + perLife * life);
  }
}

export class Life {
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  get tried(): number {
    return Atomics.load(this.#words, this.#at);
  }

  set tried(value: number) {
    Atomics.store(this.#words, this.#at, value);
  }

  get reserved(): number {
    return Atomics.load(this.#words, this.#at + 1);
  }

  set reserved(value: number) {
    Atomics.store(this.#words, this.#at + 1, value);
  }

  get committed(): number {
    return Atomics.load(this.#words, this.#at + 2);
  }

  set committed(value: number) {
    Atomics.store(this.#words, this.#at + 2, value);
  }

  /** One more than the record that was consumed last. */
  get consumed(): number {
    return Atomics.load(this.#words, this.#at + 3);
  }

  set consumed(value: number) {
    Atomics.store(this.#words, this.#at + 3, value);
  }
}
