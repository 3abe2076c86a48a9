/** An event that was taken, until its outcome is told. */
export interface Job<T> {
  readonly event: T;
  readonly key: unknown;
  outcome: { readonly ok: boolean; readonly value: unknown } | undefined;
}

/** Which of the jobs may begin, and whose outcome may be told. Holds no more jobs than it is given. */
export interface DispatchOrder<T> {
  add(job: Job<T>): void;
  /** The next job that may begin now. */
  begin(): Job<T> | undefined;
  /** The job's outcome is there: gives those whose outcome is to be told now, in order. */
  end(job: Job<T>): readonly Job<T>[];
}

/** First in, first out; the array is shifted rarely. */
class Fifo<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  get first(): T | undefined {
    return this.#items[this.#first];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#items[this.#first] = undefined;
    this.#first += 1;
    if (this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}

export class AnyOrder<T> implements DispatchOrder<T> {
  readonly #ready = new Fifo<Job<T>>();

  add(job: Job<T>): void {
    this.#ready.push(job);
  }

  begin(): Job<T> | undefined {
    return this.#ready.shift();
  }

  end(job: Job<T>): readonly Job<T>[] {
    return [job];
  }
}

/** One job of a key at a time. A key is known as long as it has one. */
export class KeyOrder<T> implements DispatchOrder<T> {
  readonly #ready = new Fifo<Job<T>>();
  /** Those that wait for the job of their key that is ready or running. */
  readonly #waiting = new Map<unknown, Fifo<Job<T>> | undefined>();

  add(job: Job<T>): void {
    if (!this.#waiting.has(job.key)) {
      this.#waiting.set(job.key, undefined);
      this.#ready.push(job);
      return;
    }
    const queue = this.#waiting.get(job.key) ?? new Fifo<Job<T>>();
    queue.push(job);
    this.#waiting.set(job.key, queue);
  }

  begin(): Job<T> | undefined {
    return this.#ready.shift();
  }

  end(job: Job<T>): readonly Job<T>[] {
    const next = this.#waiting.get(job.key)?.shift();
    if (next === undefined) this.#waiting.delete(job.key);
    else this.#ready.push(next);
    return [job];
  }
}

/** Outcomes wait for those of the events before them. */
export class StrictOrder<T> implements DispatchOrder<T> {
  readonly #ready = new Fifo<Job<T>>();
  readonly #untold = new Fifo<Job<T>>();

  add(job: Job<T>): void {
    this.#ready.push(job);
    this.#untold.push(job);
  }

  begin(): Job<T> | undefined {
    return this.#ready.shift();
  }

  end(): readonly Job<T>[] {
    const told: Job<T>[] = [];
    while (this.#untold.first?.outcome !== undefined) told.push(this.#untold.shift()!);
    return told;
  }
}
