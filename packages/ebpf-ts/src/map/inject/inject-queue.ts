import type { InjectTerms } from "./inject-options.ts";

/** Timers take no more (Node fires at once instead). */
const longestTimeout = 2 ** 31 - 1;

/** Calls that write one ring, one after the other, in the order in which they were made. Who waits for its turn keeps to its own terms. */
export class InjectQueue {
  /** Also before the first await of a call: its values may inject while they are read. */
  #busy = false;
  /** The call whose turn it is waits for room. */
  #full = false;
  readonly #waiting: (() => void)[] = [];
  readonly #impatient = new Set<() => void>();

  /**
   * What `work` gives, called when all calls before this one are over; at once when there is none. Undefined when it was not
   * called: the time was up, or a call before waits for room, and this one does not wait. An abort throws the signal's reason.
   */
  async run<R>(terms: InjectTerms, work: () => Promise<R>): Promise<R | undefined> {
    if (this.#busy && !(await this.#turn(terms))) return undefined;
    this.#busy = true;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy = false;
      else next();
    }
  }

  /** The call whose turn it is waits for room by `nap`. */
  async full(nap: () => Promise<void>): Promise<void> {
    this.#full = true;
    for (const leave of this.#impatient) leave();
    try {
      await nap();
    } finally {
      this.#full = false;
    }
  }

  #turn({ deadline, signal }: InjectTerms): Promise<boolean> {
    const waits = deadline !== -Infinity;
    if (!waits && this.#full) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const end = (then: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#impatient.delete(leave);
        then();
      };
      const onTurn = (): void => end(() => resolve(true));
      const give = (then: () => void): void => {
        this.#waiting.splice(this.#waiting.indexOf(onTurn), 1);
        end(then);
      };
      const leave = (): void => give(() => resolve(false));
      const onAbort = (): void => give(() => reject(signal!.reason as Error));
      const left = deadline - performance.now();
      const timer = waits && left <= longestTimeout ? setTimeout(leave, left) : undefined;
      if (!waits) this.#impatient.add(leave);
      signal?.addEventListener("abort", onAbort);
      this.#waiting.push(onTurn);
    });
  }
}
