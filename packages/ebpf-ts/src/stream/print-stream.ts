import { type Checks, checkOptions } from "../base/check-options.ts";
import { aPromise, aSignal, longestTimer } from "../base/checks.ts";
import type { EnginePrints, PrintedLine } from "../engine/prints.ts";

/** How a loop over printed lines ends. */
export interface PrintkOptions {
  /** When aborted, the iteration throws the signal's reason at once. */
  readonly signal?: AbortSignal | undefined;
  /** When settled either way, the iteration goes on up to the lines that are there at that time, and ends. */
  readonly until?: PromiseLike<unknown> | undefined;
}

const checks: Checks<PrintkOptions> = { signal: aSignal, until: aPromise };

/** What gives lines from now on; `onFailure` is told why there are no more. */
export type OpenPrints = (onLine: (line: PrintedLine) => void, onFailure: (error: unknown) => void) => EnginePrints;

/** Lines that nobody has asked for yet. */
const mostWaiting = 65_536;

interface Waiter {
  resolve(result: IteratorResult<PrintedLine, undefined>): void;
  reject(error: unknown): void;
}

/**
 * What the programs of a collection print from now on (see `Collection.printk`), each CPU's lines in their order. Up to 65,536 lines wait for a
 * slow loop; the oldest are given up for newer ones, and counted. Keeps the process alive while it waits.
 */
export class PrintStream implements AsyncIterableIterator<PrintedLine> {
  readonly #prints: EnginePrints;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: (stream: PrintStream) => void;
  readonly #lines: PrintedLine[] = [];
  readonly #waiting: Waiter[] = [];
  #givenUp = 0;
  #ended = false;
  /** Thrown by the next call, then forgotten. */
  #failure: { readonly error: unknown } | undefined;
  #hold: ReturnType<typeof setTimeout> | undefined;

  constructor(open: OpenPrints, options: PrintkOptions = {}, onEnd: (stream: PrintStream) => void = () => {}) {
    checkOptions(options, checks, "printk()");
    this.#signal = options.signal;
    this.#onEnd = onEnd;
    this.#prints = open(
      (line) => this.#onLine(line),
      (error) => this.#fail(error),
    );
    if (this.#signal?.aborted) this.#onAbort();
    else this.#signal?.addEventListener("abort", this.#onAbort);
    options.until?.then(this.#onUntil, this.#onUntil);
  }

  /** Lines of any program that were overwritten before they were read, and lines that waited for too long. */
  get lost(): number {
    return this.#prints.lost + this.#givenUp;
  }

  /**
   * Resolved once lines are told of as they come: on the kernel it takes a moment to find out whose they are, while they wait. Rejected with what
   * the iteration is rejected with, when that cannot be known.
   */
  get ready(): Promise<void> {
    return this.#prints.ready;
  }

  /** No further line comes. */
  get ended(): boolean {
    return this.#ended;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next line; done when the collection is closed, or `until` is settled and all that was there is read. */
  next(): Promise<IteratorResult<PrintedLine, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#settle();
      if (this.#waiting.length > 0) this.#hold ??= setTimeout(() => {}, longestTimer);
    });
  }

  /** Ends the stream, and lets go of what nobody has asked for. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#lines.length = 0;
    this.end();
    return { value: undefined, done: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** No line comes any more; those that wait are still handed out. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#prints.close();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#onEnd(this);
    this.#settle();
  }

  readonly #onAbort = (): void => {
    this.#lines.length = 0;
    this.#fail(this.#signal?.reason);
  };

  readonly #onUntil = (): void => {
    if (this.#ended) return;
    this.#prints.drain().then(
      () => this.end(),
      (error: unknown) => this.#fail(error),
    );
  };

  #onLine(line: PrintedLine): void {
    if (this.#ended) return;
    if (this.#lines.length === mostWaiting) {
      this.#lines.shift();
      this.#givenUp += 1;
    }
    this.#lines.push(line);
    this.#settle();
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#failure = { error };
    this.end();
  }

  #settle(): void {
    while (this.#waiting.length > 0 && this.#lines.length > 0)
      this.#waiting.shift()!.resolve({ value: this.#lines.shift()!, done: false });
    if (this.#ended) {
      for (const waiter of this.#waiting.splice(0)) {
        if (this.#failure === undefined) {
          waiter.resolve({ value: undefined, done: true });
        } else {
          waiter.reject(this.#failure.error);
          this.#failure = undefined;
        }
      }
    }
    if (this.#waiting.length > 0) return;
    clearTimeout(this.#hold);
    this.#hold = undefined;
  }
}
