import { callOut } from "../../base/call-out.ts";
import { aFunction, anAsyncIterable } from "../../base/checks.ts";
import {
  type DispatchContext,
  type DispatchLimits,
  type DispatchOptions,
  type DispatchResult,
  type EventHandler,
  dispatchLimits,
} from "./dispatch-options.ts";
import { AnyOrder, type DispatchOrder, type Job, KeyOrder, StrictOrder } from "./dispatch-order.ts";
import { DispatchSource } from "./dispatch-source.ts";
import { yieldTurn } from "../../base/yield-turn.ts";
import { TurnBudget } from "../turn-budget.ts";

/**
 * Handles the events of a source with several handlers at once. The loop only receives: handlers run beside it, at most
 * `concurrency` at a time, and it asks for the next event only while there is room for it, so that nothing piles up here and
 * a ring itself is the buffer.
 *
 * It ends when the source does, or when `signal` is aborted, and the handlers of all events that were taken have ended.
 * An error of a handler without `onError` (or with one that says so) stops the taking in the same way; at the end it is
 * thrown, or, when more handlers failed meanwhile, an AggregateError of all. An error of the source itself is thrown first of all.
 * What `onResult` and `onError` throw, or reject the promises with that they return, ends up there too.
 */
export async function dispatch<T, R = unknown>(
  source: AsyncIterable<T>,
  handler: EventHandler<T, R>,
  options: DispatchOptions<T, R>,
): Promise<DispatchResult> {
  anAsyncIterable(source, "The source of dispatch()");
  aFunction(handler, "The handler of dispatch()");
  const limits = dispatchLimits(options);
  return new Dispatch(new DispatchSource(source), handler, options, limits).run();
}

class Dispatch<T, R> {
  readonly #source: DispatchSource<T>;
  readonly #handler: EventHandler<T, R>;
  readonly #options: DispatchOptions<T, R>;
  readonly #limits: DispatchLimits;
  readonly #order: DispatchOrder<T>;
  readonly #stop = new AbortController();
  readonly #context: DispatchContext = { signal: this.#stop.signal };
  readonly #budget = new TurnBudget();
  /** What stops it, to be thrown at the end. */
  readonly #errors: unknown[] = [];
  #held = 0;
  #running = 0;
  #handled = 0;
  #failed = 0;
  #dropped = 0;
  #beginning = false;
  /** Called when an event was let go of. */
  #onRoom: (() => void) | undefined;

  constructor(
    source: DispatchSource<T>,
    handler: EventHandler<T, R>,
    options: DispatchOptions<T, R>,
    limits: DispatchLimits,
  ) {
    this.#source = source;
    this.#handler = handler;
    this.#options = options;
    this.#limits = limits;
    const { order } = options;
    this.#order = order === "by-key" ? new KeyOrder() : order === "strict" ? new StrictOrder() : new AnyOrder();
  }

  async run(): Promise<DispatchResult> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#end(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort);
    try {
      await this.#receive();
    } catch (error) {
      if (!signal?.aborted || error !== signal.reason) this.#errors.unshift(error);
      this.#end(error);
    }
    while (this.#held > 0) await this.#room();
    signal?.removeEventListener("abort", onAbort);
    if (this.#errors.length > 0) throw this.#failure();
    return { handled: this.#handled, failed: this.#failed, dropped: this.#dropped };
  }

  async #receive(): Promise<void> {
    const { drops, capacity } = this.#limits;
    while (!this.#stop.signal.aborted) {
      if (this.#budget.spent()) await this.#yield();
      if (!drops && this.#held >= capacity) {
        await this.#room();
        continue;
      }
      const next = await this.#source.next();
      if (next === undefined) break;
      this.#take(next.event);
    }
    const last = await this.#source.leave();
    if (last !== undefined) this.#take(last.event);
  }

  #take(event: T): void {
    if (this.#held >= this.#limits.capacity) {
      this.#dropped += 1;
      return;
    }
    const job = this.#job(event);
    this.#held += 1;
    if (job.outcome !== undefined) return this.#tell(job);
    this.#order.add(job);
    this.#begin();
  }

  #job(event: T): Job<T> {
    const { key } = this.#options;
    if (key === undefined) return { event, key: undefined, outcome: undefined };
    try {
      return { event, key: key(event), outcome: undefined };
    } catch (error) {
      return { event, key: undefined, outcome: { ok: false, value: error } };
    }
  }

  /** A handler that ends at once calls for the next one from within: the loop outside goes on rather than the stack growing. */
  #begin(): void {
    if (this.#beginning) return;
    this.#beginning = true;
    while (this.#running < this.#limits.concurrency) {
      const job = this.#order.begin();
      if (job === undefined) break;
      this.#running += 1;
      this.#handle(job);
    }
    this.#beginning = false;
  }

  #handle(job: Job<T>): void {
    callOut(
      () => this.#handler(job.event, this.#context),
      (value) => this.#onOutcome(job, true, value),
      (error) => this.#onOutcome(job, false, error),
    );
  }

  #onOutcome(job: Job<T>, ok: boolean, value: unknown): void {
    job.outcome = { ok, value };
    this.#running -= 1;
    for (const told of this.#order.end(job)) this.#tell(told);
    this.#begin();
  }

  /** The event is held until the user's function is done with it, so that one that returns a promise holds up the source too. */
  #tell({ event, outcome }: Job<T>): void {
    if (!outcome!.ok) return this.#fail(outcome!.value, event);
    callOut(
      () => this.#options.onResult?.(outcome!.value as R, event),
      () => {
        this.#handled += 1;
        this.#release();
      },
      (error) => this.#fail(error, event),
    );
  }

  #fail(error: unknown, event: T): void {
    const { onError } = this.#options;
    this.#failed += 1;
    callOut<unknown>(
      () => (onError === undefined ? "stop" : onError(error, event)),
      (answer) => {
        if (answer === "stop") this.#failWith(error);
        this.#release();
      },
      (thrown) => {
        this.#failWith(thrown);
        this.#release();
      },
    );
  }

  /** To be thrown at the end, which this is the beginning of. */
  #failWith(error: unknown): void {
    this.#errors.push(error);
    this.#end(error);
  }

  #release(): void {
    this.#held -= 1;
    this.#onRoom?.();
  }

  #end(reason: unknown): void {
    this.#stop.abort(reason);
    this.#source.stop();
    this.#onRoom?.();
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = undefined;
        resolve();
      };
    });
  }

  /** A source that always has something must not starve the timers and sockets that handlers wait for. */
  async #yield(): Promise<void> {
    await new Promise<void>((resolve) => {
      yieldTurn(resolve);
    });
    this.#budget.restart();
  }

  #failure(): unknown {
    if (this.#errors.length === 1) return this.#errors[0];
    return new AggregateError(
      this.#errors,
      `${this.#errors.length} errors ended the dispatch, the first: ${String(this.#errors[0])}`,
    );
  }
}
