import { yieldTurn } from "../../base/yield-turn.ts";

/**
 * Takes events from a source one by one, and can be stopped while it waits for one. A source that is stopped while it owes
 * an answer is asked to `return`, and has one turn of the event loop to answer: an event that it still gives is handed on. A
 * stream of a ring answers at once; a generator that sleeps cannot be interrupted, and is left behind.
 */
export class DispatchSource<T> {
  readonly #iterator: AsyncIterator<T>;
  #pending: Promise<IteratorResult<T>> | undefined;
  #wake: (() => void) | undefined;
  #over = false;
  #stopped = false;

  constructor(source: AsyncIterable<T>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** The next event; undefined when the source has ended, or {@link stop} was called. What the source throws passes through. */
  async next(): Promise<{ readonly event: T } | undefined> {
    if (this.#stopped || this.#over) return undefined;
    const pending = this.#iterator.next();
    this.#pending = pending;
    const result = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      pending.then(resolve, reject);
    }).catch((error: unknown) => {
      this.#over = true;
      throw error;
    });
    this.#wake = undefined;
    if (result === undefined) return undefined;
    this.#pending = undefined;
    return this.#eventOf(result);
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** Lets go of the source; gives the event that was under way, if there was one. */
  async leave(): Promise<{ readonly event: T } | undefined> {
    if (this.#over) return undefined;
    this.#over = true;
    const returned = Promise.resolve(this.#iterator.return?.());
    if (this.#pending === undefined) {
      await returned;
      return undefined;
    }
    const turn = new Promise<undefined>((resolve) => {
      yieldTurn(() => resolve(undefined));
    });
    // Whoever comes too late is not to bring the process down.
    this.#pending.catch(() => {});
    returned.catch(() => {});
    const result = await Promise.race([this.#pending, turn]);
    return result === undefined ? undefined : this.#eventOf(result);
  }

  #eventOf(result: IteratorResult<T>): { readonly event: T } | undefined {
    if (!result.done) return { event: result.value };
    this.#over = true;
    return undefined;
  }
}
