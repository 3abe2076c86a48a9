import { checkMilliseconds, checkOptions, checkSignal } from "../../base/check-options.ts";

export interface InjectOptions {
  /** The share of the ring that injected records never take, so that programs have it: from 0 to below 1, a quarter by default. */
  readonly reserveFraction?: number | undefined;
  /** The same in bytes, in place of the share. */
  readonly leaveFree?: number | undefined;
  /** Wait for room, until everything is injected. Otherwise it ends where there is none. */
  readonly wait?: boolean | undefined;
  /** Milliseconds to wait for room at most, altogether; for ever when left out. */
  readonly timeoutMs?: number | undefined;
  /** Ends a wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The options, as numbers. */
export interface InjectTerms {
  readonly leaveFree: number;
  /** As {@link performance.now} counts; -Infinity does not wait. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

const what = "an injection";
const usualFraction = 0.25;
const names: ReadonlySet<string> = new Set(["reserveFraction", "leaveFree", "wait", "timeoutMs", "signal"]);

export function injectTerms(options: InjectOptions, ringSize: number): InjectTerms {
  checkOptions(options, names, what);
  checkSignal(options.signal, what);
  options.signal?.throwIfAborted();
  return { leaveFree: leaveFree(options, ringSize), deadline: deadline(options), signal: options.signal };
}

function leaveFree({ reserveFraction = usualFraction, leaveFree }: InjectOptions, ringSize: number): number {
  if (leaveFree !== undefined) {
    if (Number.isInteger(leaveFree) && leaveFree >= 0 && leaveFree < ringSize) return leaveFree;
    throw new RangeError(`leaveFree must be a whole number of bytes from 0 to ${ringSize - 1}, not ${leaveFree}`);
  }
  if (typeof reserveFraction === "number" && reserveFraction >= 0 && reserveFraction < 1)
    return Math.ceil(ringSize * reserveFraction);
  throw new RangeError(`reserveFraction must be from 0 to below 1, not ${reserveFraction}`);
}

function deadline({ wait = false, timeoutMs }: InjectOptions): number {
  if (typeof wait !== "boolean") throw new TypeError(`wait must be true or false, not ${String(wait)}`);
  if (timeoutMs === undefined) return wait ? Infinity : -Infinity;
  if (!wait) throw new TypeError("timeoutMs says how long to wait: give wait: true too");
  checkMilliseconds(timeoutMs, "timeoutMs");
  return performance.now() + timeoutMs;
}
