import { type Checks, checkOptions } from "../../base/check-options.ts";
import { aFunction, aSignal, integer, oneOf } from "../../base/checks.ts";

/** What a handler gets beside the event. */
export interface DispatchContext {
  /** Aborted when no more events are taken: the dispatch's own signal was, or an error stopped it. */
  readonly signal: AbortSignal;
}

/** Handles one event. Its place is free for the next one when it returns, or when the promise that it returns is settled. */
export type EventHandler<T, R = unknown> = (event: T, context: DispatchContext) => R | PromiseLike<R>;

/** How many handlers run at once, in which order, and what becomes of their results. */
export interface DispatchOptions<T, R = unknown> {
  /** Handlers that run at once, at most. */
  readonly concurrency: number;
  /**
   * - `any` (the default): handlers begin in the order of the events, and that is all.
   * - `by-key`: events of one {@link key} are handled one after the other, in their order; those of different keys at once.
   * - `strict`: handlers run at once as with `any`, but results and errors are told in the order of the events.
   */
  readonly order?: "any" | "by-key" | "strict" | undefined;
  /** For `by-key`. Keys are told apart as those of a Map are, so two equal objects are two keys. */
  readonly key?: ((event: T) => unknown) | undefined;
  /**
   * With no room for another event: `wait` (the default) asks the source for no more, so that a ring itself holds them;
   * `drop` takes them all the same, and counts those that it lets go of.
   */
  readonly onOverflow?: "wait" | "drop" | undefined;
  /**
   * Events that are held beside the running handlers: those that wait for a handler or for their key, and with `strict` those
   * that are done before their turn. By default four times the concurrency; 0 with `any`, where they wait in the ring as well.
   */
  readonly queue?: number | undefined;
  /** When aborted, no more events are taken; those that were taken are handled. The dispatch then ends without an error. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Gets what a handler returned, in the order that was asked for. What it throws counts as the handler's error. Where it returns a
   * promise, the event has its place until that is settled.
   */
  readonly onResult?: ((result: R, event: T) => unknown) | undefined;
  /**
   * Gets what a handler threw, and goes on, unless it returns `stop` or throws. Without it the first error stops. It may
   * answer with a promise.
   */
  readonly onError?: ((error: unknown, event: T) => void | "stop" | PromiseLike<void | "stop">) | undefined;
}

/** Every event that was taken is in one of the three. */
export interface DispatchResult {
  readonly handled: number;
  readonly failed: number;
  readonly dropped: number;
}

export interface DispatchLimits {
  readonly concurrency: number;
  /** Events that are held at once: handlers that run, and the queue. */
  readonly capacity: number;
  readonly drops: boolean;
}

const maxConcurrency = 2 ** 20;
const queuePerHandler = 4;

const checks: Checks<DispatchOptions<never, never>> = {
  concurrency: integer(1, maxConcurrency),
  order: oneOf("any", "by-key", "strict"),
  key: aFunction,
  onOverflow: oneOf("wait", "drop"),
  queue: integer(0, Number.MAX_SAFE_INTEGER),
  signal: aSignal,
  onResult: aFunction,
  onError: aFunction,
};

/** Refuses what makes no sense, and fills in the rest. */
export function dispatchLimits<T, R>(options: DispatchOptions<T, R>): DispatchLimits {
  checkOptions(options as DispatchOptions<never, never>, checks, "dispatch()");
  const { concurrency, order = "any", key, onOverflow = "wait", queue } = options;
  if (concurrency === undefined) {
    throw new TypeError("The option concurrency of dispatch() must be given: how many handlers run at once");
  }
  if ((order === "by-key") !== (key !== undefined)) {
    throw new TypeError('The option key of dispatch() belongs to order "by-key": give both or neither');
  }
  const held = queue ?? (order === "any" ? 0 : concurrency * queuePerHandler);
  return { concurrency, capacity: concurrency + held, drops: onOverflow === "drop" };
}
