import type { RingConsumer } from "../ring/consumer.ts";
import { ringBusy, ringEmpty } from "../ring/reading.ts";
import { Backoff } from "./backoff.ts";
import { type Checks, checkOptions, optionsOf } from "../base/check-options.ts";
import { aPromise, aSignal, type Check, longestTimer, milliseconds, wrongKind } from "../base/checks.ts";
import type { LazyBell } from "./lazy-bell.ts";
import { Pace, type Traffic } from "./pace.ts";
import { yieldTurn } from "../base/yield-turn.ts";
import { TurnBudget } from "./turn-budget.ts";

/** Makes a value of the record whose payload stands at `offset`. It must copy what it keeps. */
export type RecordDecoder<T> = (view: DataView, offset: number, length: number) => T;

/** The ring that a stream reads, and what the stream makes of it. */
export interface RecordSource<T> {
  readonly consumer: Pick<RingConsumer, "open" | "mark" | "hasReached" | "flush">;
  readonly bell: LazyBell;
  readonly traffic: Traffic;
  /** Steps of the stream between two looks at the clock. */
  readonly stepsPerLook: number;
  /** 0 or more when there is a value to {@link take}, else the consumer's code of why not. */
  look(): number;
  take(offset: number): T;
  /** Lets go of what was taken last, before the stream naps though there is more. */
  leave(): void;
  /** Makes the ring the stream's own; throws when somebody else reads it. */
  acquire(stream: RecordStream<T>): void;
  /** With the reason when it was aborted. */
  release(reason?: { readonly error: unknown }): void;
}

/** How a loop over a ring ends, and how it sleeps; every reader has the same. */
export interface EventsOptions {
  /** When aborted, the iteration throws the signal's reason at once. */
  readonly signal?: AbortSignal | undefined;
  /** When settled either way, the iteration goes on up to the records that are there at that time, and ends. */
  readonly until?: PromiseLike<unknown> | undefined;
  /**
   * How to learn of new records when the ring is empty: `event` (the default) sleeps until a program wakes it. While 2 million
   * records a second or more come, it looks again every millisecond instead, which is faster for both sides; while 50,000 or more come, every
   * 4 ms, as long as the most that came lately fills no more than 1/32 of the ring meanwhile (1/8 of one of 2 MiB or more). A record after silence
   * always wakes it. With `maxLatencyMs` it does so from 64 records a look on, and looks are up to so many milliseconds apart, as long as they find
   * the ring a quarter full at most; 0: never.
   *
   * Programs that submit with BPF_RB_NO_WAKEUP wake nobody: for those look again after `intervalMs` milliseconds (0: in every turn of
   * the event loop).
   */
  readonly wakeup?: "event" | { readonly maxLatencyMs: number } | { readonly intervalMs: number } | undefined;
}

interface Notified {
  notify: (() => void) | undefined;
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/**
 * The records of a ring as an async iterator. A record is consumed when it is asked for and not before, so that leaving the
 * loop leaves the rest in the ring, and a slow loop holds up the producer rather than filling memory. A record that cannot be
 * decoded is consumed, and ends the iteration with the decoder's error; a new iteration goes on behind it.
 *
 * However fast records come, timers and sockets get their turn after 10 ms of each loop (see turn-budget.ts).
 */
export class RecordStream<T> implements AsyncIterableIterator<T> {
  readonly #source: RecordSource<T>;
  readonly #waiting: Waiter<T>[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #budget: TurnBudget;
  readonly #backoff: Backoff = new Backoff();
  /** Milliseconds between two looks at an empty ring; undefined when its bell rings. */
  readonly #intervalMs: number | undefined;
  readonly #pace: Pace;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: "new" | "reading" | "ended" = "new";
  /** Thrown by the next call, then forgotten. */
  #failure: { readonly error: unknown } | undefined;
  /** All that `until` knows of this loop, which may have ended long before. */
  readonly #until: Notified = { notify: () => this.#onUntil() };
  /** Where to end, once `until` is settled. */
  #mark: number | undefined;
  /** Where the producer stood when a nap was over: up to there it reads before the next one. */
  #pass: number | undefined;
  /** The bell was asked once about the busy record at hand; from then on there are naps. */
  #listened = false;
  /** Why there was nothing to take: a code of the consumer, or 0 for the end of the turn. */
  #lack = 0;

  constructor(source: RecordSource<T>, options: EventsOptions = {}) {
    checkOptions(options, checks, "a loop over a ring");
    const { signal, until, wakeup = "event" } = options;
    this.#source = source;
    this.#signal = signal;
    const { intervalMs, maxLatencyMs } = wakeupOf(wakeup);
    this.#intervalMs = intervalMs;
    this.#pace = new Pace(source.traffic, maxLatencyMs);
    this.#budget = new TurnBudget(source.stepsPerLook);
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort);
    if (until !== undefined) notifyWhenSettled(until, this.#until);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next value; done when the ring is closed, or `until` is settled and all that was there is read. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting.length > 0) return this.#wait();
    try {
      const result = this.#take();
      if (result !== undefined) return Promise.resolve(result);
      const promise = this.#wait();
      this.#pause();
      return promise;
    } catch (error) {
      this.end();
      return Promise.reject(error as Error);
    }
  }

  /** Ends the loop, as leaving it does; what was not asked for stays in the ring. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }

  /** Whoever waits is told that there is no more. Idempotent. */
  end(): void {
    this.#end();
  }

  #end(reason?: { readonly error: unknown }): void {
    if (this.#state === "reading") {
      this.#source.consumer.flush();
      this.#source.bell.disarm();
      this.#source.release(reason);
    }
    this.#state = "ended";
    this.#until.notify = undefined;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#backoff.stop();
    clearTimeout(this.#timer);
    for (const waiter of this.#waiting.splice(0)) waiter.resolve({ value: undefined, done: true });
  }

  #take(): IteratorResult<T, undefined> | undefined {
    if (this.#state !== "reading" && !this.#begin()) return { value: undefined, done: true };
    const source = this.#source;
    if (this.#budget.spent()) {
      this.#lack = 0;
      return undefined;
    }
    if (this.#mark !== undefined && source.consumer.hasReached(this.#mark)) return this.#done();
    if (this.#pass !== undefined && source.consumer.hasReached(this.#pass) && this.#passed()) return undefined;
    const offset = source.look();
    if (offset >= 0) {
      this.#backoff.reset();
      this.#listened = false;
      return { value: source.take(offset), done: false };
    }
    this.#lack = offset;
    // Someone may hold a reservation for good: at the end nobody waits for it beyond the naps.
    const over = offset === ringEmpty || (offset === ringBusy && this.#backoff.exhausted);
    return over && this.#mark !== undefined ? this.#done() : undefined;
  }

  /** All that was there when the nap was over is read: what has come meanwhile waits until after the next one, if that was soon. */
  #passed(): boolean {
    this.#pass = undefined;
    if (this.#mark !== undefined || !this.#pace.napsAgain()) return false;
    this.#source.leave();
    this.#source.consumer.flush();
    this.#lack = ringEmpty;
    return true;
  }

  #begin(): boolean {
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#state === "ended") return false;
    this.#source.acquire(this);
    this.#state = "reading";
    this.#budget.restart();
    return true;
  }

  #done(): IteratorReturnResult<undefined> {
    this.end();
    return { value: undefined, done: true };
  }

  #wait(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Sees to it that {@link #serve} is called when there may be more. */
  #pause(): void {
    if (this.#lack !== ringEmpty && this.#lack !== ringBusy) yieldTurn(this.#onTurn);
    else if (this.#lack === ringEmpty) this.#sleep();
    else if (this.#intervalMs === undefined && !this.#listened) {
      this.#listened = true;
      this.#source.bell.arm(this.#onTurn);
    } else this.#backoff.nap(this.#onTurn);
  }

  /** Until the ring is no longer empty, or it is time to look. */
  #sleep(): void {
    if (this.#intervalMs !== undefined) return this.#nap(this.#intervalMs, this.#onTurn);
    const ms = this.#pace.nap();
    if (ms > 0) return this.#nap(ms, this.#onNapped);
    this.#listened = false;
    this.#source.bell.arm(this.#onTurn);
  }

  #nap(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    if (ms === 0) yieldTurn(then);
    else this.#timer = setTimeout(then, ms);
  }

  readonly #onNapped = (): void => {
    if (this.#source.consumer.open) {
      this.#pace.wake();
      this.#pass = this.#producer();
    }
    this.#onTurn();
  };

  readonly #onTurn = (): void => {
    this.#budget.restart();
    this.#serve();
  };

  readonly #serve = (): void => {
    try {
      while (this.#waiting.length > 0) {
        const result = this.#take();
        if (result === undefined) return this.#pause();
        this.#waiting.shift()?.resolve(result);
      }
    } catch (error) {
      this.#waiting.shift()?.reject(error);
      this.end();
    }
  };

  readonly #onAbort = (): void => {
    if (this.#state === "ended") return;
    const error: unknown = this.#signal?.reason;
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#failure = { error };
    else waiter.reject(error);
    this.#end({ error });
  };

  readonly #onUntil = (): void => {
    if (this.#state === "ended") return;
    if (!this.#source.consumer.open) return this.end();
    this.#mark = this.#producer();
    this.#serve();
  };

  /** Where the producer stands. */
  #producer(): number | undefined {
    try {
      return this.#source.consumer.mark();
    } catch {
      return undefined; // A broken ring says so at the next read.
    }
  }
}

function notifyWhenSettled(until: PromiseLike<unknown>, loop: Notified): void {
  const settled = (): void => loop.notify?.();
  until.then(settled, settled);
}

/** The two kinds of wake-ups that are told by a number. */
interface Wakeup {
  readonly intervalMs?: number;
  readonly maxLatencyMs?: number;
}

function wakeupOf(wakeup: Exclude<EventsOptions["wakeup"], undefined>): Wakeup {
  return wakeup === "event" ? {} : wakeup;
}

const checkWakeup = optionsOf<Wakeup>({
  intervalMs: milliseconds(longestTimer),
  maxLatencyMs: milliseconds(longestTimer),
});

const aWakeup: Check = (value, what) => {
  if (value === "event") return;
  const { intervalMs, maxLatencyMs } = Object(value) as Wakeup;
  if ((intervalMs === undefined) === (maxLatencyMs === undefined))
    throw wrongKind(what, '"event", { maxLatencyMs } or { intervalMs }', value);
  checkWakeup(value, what);
};

const checks: Checks<EventsOptions> = { signal: aSignal, until: aPromise, wakeup: aWakeup };
