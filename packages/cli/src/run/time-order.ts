/** Something that happened at a time of some clock. */
interface Timed {
  readonly time: bigint;
}

interface Held<T> {
  readonly value: T;
  readonly arrived: number;
}

/** Of a flood no more are held than these. */
const mostHeld = 20_000;

/**
 * Puts events of several rings, or of the rings of several CPUs, into one order of time. Each is held back for `delay` milliseconds, since those
 * of others that are older may come meanwhile; what comes later than that is out of order all the same.
 */
export class TimeOrder<T extends Timed> {
  readonly #show: (value: T) => void;
  readonly #delay: number;
  #held: Held<T>[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(show: (value: T) => void, delay: number) {
    this.#show = show;
    this.#delay = delay;
  }

  add(value: T): void {
    this.#held.push({ value, arrived: performance.now() });
    if (this.#held.length > mostHeld) this.#release(performance.now());
    this.#timer ??= setTimeout(() => this.#look(), this.#delay);
  }

  /** All of them, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#release(Number.POSITIVE_INFINITY);
  }

  #look(): void {
    this.#timer = undefined;
    this.#release(performance.now() - this.#delay);
    if (this.#held.length > 0) this.#timer = setTimeout(() => this.#look(), this.#delay);
  }

  /** Those that arrived by then, and what is older than they are. */
  #release(arrivedBy: number): void {
    const due = this.#held.filter(({ arrived }) => arrived <= arrivedBy);
    const newest = due.reduce((time, { value }) => (value.time > time ? value.time : time), -1n);
    const ready: T[] = [];
    const rest: Held<T>[] = [];
    for (const each of this.#held) {
      if (each.value.time <= newest) ready.push(each.value);
      else rest.push(each);
    }
    this.#held = rest;
    // Stable: what was at the same time stays as it came.
    for (const value of ready.sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)))) this.#show(value);
  }
}
