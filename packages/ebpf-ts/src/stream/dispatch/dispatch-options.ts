import { checkFunction, checkOptions, checkSignal } from "../../base/check-options.ts";

export interface DispatchContext {
  /** Aborted when no more events are taken: the dispatch's own signal was, or an error stopped it. */
  readonly signal: AbortSignal;
}

export type EventHandler<T, R = unknown> = (event: T, context: DispatchContext) => R | PromiseLike<R>;

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

const names: ReadonlySet<string> = new Set([
  "concurrency",
  "order",
  "key",
  "onOverflow",
  "queue",
  "signal",
  "onResult",
  "onError",
]);

const maxConcurrency = 2 ** 20;
const queuePerHandler = 4;

/** Refuses what makes no sense, and fills in the rest. */
export function dispatchLimits<T, R>(options: DispatchOptions<T, R>): DispatchLimits {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options of dispatch() must be an object with a concurrency, not ${String(options)}`);
  }
  const { concurrency, order = "any", key, onOverflow = "wait", queue } = options;
  checkOptions(options, names, "dispatch()");
  checkSignal(options.signal, "dispatch()");
  for (const name of ["key", "onResult", "onError"] as const) {
    if (options[name] !== undefined) checkFunction(options[name], `The option ${name} of dispatch()`);
  }
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > maxConcurrency) {
    throw new RangeError(
      `The concurrency of dispatch() must be a whole number from 1 to ${maxConcurrency}, not ${concurrency}`,
    );
  }
  if (order !== "any" && order !== "by-key" && order !== "strict") {
    throw new TypeError(`Unknown order ${JSON.stringify(order)} of dispatch(): the orders are any, by-key and strict`);
  }
  if ((order === "by-key") !== (key !== undefined)) {
    throw new TypeError('The option key of dispatch() belongs to order "by-key": give both or neither');
  }
  if (onOverflow !== "wait" && onOverflow !== "drop") {
    throw new TypeError(`Unknown onOverflow ${JSON.stringify(onOverflow)} of dispatch(): it is wait or drop`);
  }
  const usual = order === "any" ? 0 : concurrency * queuePerHandler;
  const held = queue === undefined ? usual : queue;
  if (!Number.isInteger(held) || held < 0) {
    throw new RangeError(`The queue of dispatch() must be a whole number from 0, not ${held}`);
  }
  return { concurrency, capacity: concurrency + held, drops: onOverflow === "drop" };
}
