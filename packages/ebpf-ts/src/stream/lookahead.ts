/** Values of an iterable of which the first ones may be looked at several times before they are dropped. */
export interface Lookahead<T> {
  /** Whether there is a value at `index`, at most one more than was asked for since the last {@link drop}. */
  has(index: number): boolean;
  at(index: number): T;
  /** What stands in memory already: an array, and the index in it of the value at 0. Undefined when values are made one by one. */
  readonly rest: { readonly values: readonly T[]; readonly from: number } | undefined;
  /** Done with the first `count` values. */
  drop(count: number): void;
  /** Tells the iterable that no more will be asked for. */
  close(): void;
}

/** Arrays are read by index: their iterator takes as long for a value as encoding it. */
export function lookahead<T>(values: Iterable<T>): Lookahead<T> {
  const plain = Array.isArray(values) && values[Symbol.iterator] === Array.prototype[Symbol.iterator];
  return plain ? new ArrayLookahead<T>(values) : new IteratorLookahead<T>(values);
}

class ArrayLookahead<T> implements Lookahead<T> {
  readonly #values: readonly T[];
  #dropped = 0;

  constructor(values: readonly T[]) {
    this.#values = values;
  }

  has(index: number): boolean {
    return this.#dropped + index < this.#values.length;
  }

  at(index: number): T {
    return this.#values[this.#dropped + index]!;
  }

  get rest(): { readonly values: readonly T[]; readonly from: number } {
    return { values: this.#values, from: this.#dropped };
  }

  drop(count: number): void {
    this.#dropped += count;
  }

  close(): void {
    this.#dropped = Infinity;
  }
}

class IteratorLookahead<T> implements Lookahead<T> {
  readonly rest = undefined;
  readonly #iterator: Iterator<T>;
  #held: T[] = [];
  #done = false;

  constructor(values: Iterable<T>) {
    this.#iterator = values[Symbol.iterator]();
  }

  has(index: number): boolean {
    if (index < this.#held.length) return true;
    if (this.#done) return false;
    const result = this.#next();
    if (result.done === true) this.#done = true;
    else this.#held.push(result.value);
    return !this.#done;
  }

  at(index: number): T {
    return this.#held[index]!;
  }

  drop(count: number): void {
    if (count === this.#held.length) this.#held.length = 0;
    else if (count > 0) this.#held = this.#held.slice(count);
  }

  close(): void {
    if (this.#done) return;
    this.#done = true;
    this.#iterator.return?.();
  }

  /** An iterator that throws is over. */
  #next(): IteratorResult<T> {
    try {
      return this.#iterator.next();
    } catch (error) {
      this.#done = true;
      throw error;
    }
  }
}
