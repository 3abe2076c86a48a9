import { anAsyncIterable, anIterable } from "../base/checks.ts";

/**
 * The values of several streams in the order of their arrival. It ends when all have ended; when one fails, the others are
 * closed and the error is passed on, after what had arrived. At most one value of each stream is fetched ahead: leaving the loop
 * early lets go of those, so end the streams (with `until` or `signal`) rather than the loop where each event counts.
 */
export function merge<S extends AsyncIterable<unknown>>(streams: Iterable<S>): MergedStream<ValueOf<S>> {
  anIterable(streams, "The streams of merge()");
  return new MergedStream([...streams].map(iteratorOf));
}

/** What a stream gives. */
export type ValueOf<S> = S extends AsyncIterable<infer T> ? T : never;

function iteratorOf<S extends AsyncIterable<unknown>>(stream: S): AsyncIterator<ValueOf<S>> {
  anAsyncIterable(stream, "A stream of merge()");
  return stream[Symbol.asyncIterator]() as AsyncIterator<ValueOf<S>>;
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** What {@link merge} gives: one async iterator, for one loop. Ending it lets go of all its streams. */
export class MergedStream<T> implements AsyncIterableIterator<T> {
  readonly #all: readonly AsyncIterator<T>[];
  /** Those that were not asked for a value since they gave one. */
  #idle: AsyncIterator<T>[];
  #ready: T[] = [];
  readonly #waiting: Waiter<T>[] = [];
  #running: number;
  #failure: { readonly error: unknown } | undefined;

  constructor(iterators: readonly AsyncIterator<T>[]) {
    this.#all = iterators;
    this.#idle = [...iterators];
    this.#running = iterators.length;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next value of any stream; done when all have ended. Rejects once when one fails. */
  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#settle();
      if (this.#waiting.length > 0) this.#askIdle();
    });
  }

  /** Ends all streams, and lets go of what they have given and nobody has asked for. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#ready = [];
    await this.#stop();
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #askIdle(): void {
    for (const iterator of this.#idle.splice(0)) {
      iterator.next().then(
        (result) => this.#onResult(iterator, result),
        (error: unknown) => this.#onError(error),
      );
    }
  }

  #onResult(iterator: AsyncIterator<T>, result: IteratorResult<T>): void {
    if (result.done) {
      this.#running -= 1;
    } else {
      this.#ready.push(result.value);
      this.#idle.push(iterator);
    }
    this.#settle();
    if (this.#waiting.length > 0) this.#askIdle();
  }

  #onError(error: unknown): void {
    this.#failure ??= { error };
    this.#stop().then(
      () => this.#settle(),
      () => this.#settle(),
    );
  }

  /** Gives those who wait what there is: values first, then the error, then the end. */
  #settle(): void {
    while (this.#waiting.length > 0 && this.#ready.length > 0) {
      this.#waiting.shift()!.resolve({ value: this.#ready.shift()!, done: false });
    }
    if (this.#running > 0) return;
    for (const waiter of this.#waiting.splice(0)) {
      if (this.#failure === undefined) {
        waiter.resolve({ value: undefined, done: true });
      } else {
        waiter.reject(this.#failure.error);
        this.#failure = undefined;
      }
    }
  }

  async #stop(): Promise<void> {
    this.#running = 0;
    this.#idle = [];
    await Promise.all(this.#all.map((iterator) => iterator.return?.()));
    this.#settle();
  }
}
