import { type Checks, checkOptions } from "../../base/check-options.ts";
import { aBoolean, aShare, aSignal, integer, milliseconds } from "../../base/checks.ts";

/** How much room an injection leaves, and whether it waits for more. Without options: a quarter of the ring, and no. */
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
/** For a ring of that size: made once, since every injection is checked. */
export function injectChecks(ringSize: number): Checks<InjectOptions> {
  return {
    reserveFraction: aShare,
    leaveFree: integer(0, ringSize - 1),
    wait: aBoolean,
    timeoutMs: milliseconds(),
    signal: aSignal,
  };
}

export function injectTerms(options: InjectOptions, checks: Checks<InjectOptions>, ringSize: number): InjectTerms {
  checkOptions(options, checks, what);
  options.signal?.throwIfAborted();
  return { leaveFree: leaveFree(options, ringSize), deadline: deadline(options), signal: options.signal };
}

function leaveFree({ reserveFraction = usualFraction, leaveFree }: InjectOptions, ringSize: number): number {
  return leaveFree ?? Math.ceil(ringSize * reserveFraction);
}

function deadline({ wait = false, timeoutMs }: InjectOptions): number {
  if (timeoutMs === undefined) return wait ? Infinity : -Infinity;
  if (!wait) throw new TypeError("The option timeoutMs of an injection says how long to wait: give wait: true too");
  return performance.now() + timeoutMs;
}
