import { aBoolean, integer, milliseconds } from "../base/checks.ts";
import type { Checks } from "../base/check-options.ts";

/** How much one drain reads; every reader has the same. */
export interface DrainOptions {
  /** Records to hand out at most: 1 or more. */
  readonly max?: number | undefined;
  /** Milliseconds after which the drain ends, give or take 32 records. */
  readonly budgetMs?: number | undefined;
}

/** For a drain that blocks its thread until there is something to read. */
export interface BlockingDrainOptions extends DrainOptions {
  /** Milliseconds to wait for the first record; by default without end. */
  readonly timeoutMs?: number | undefined;
}

/** For the consumers of a bare ring. */
export interface ConsumerDrainOptions extends DrainOptions {
  /** False ends the drain where the producer stood when it began. True, as libbpf does it, goes on while there is data. */
  readonly rescan?: boolean | undefined;
}

/** What a drain has read; every reader has the same. */
export interface DrainResult {
  /** Records handed out. */
  readonly delivered: number;
  /** Records passed that their producer had discarded; perf rings have none. */
  readonly discarded: number;
  /**
   * Why it ended: nothing is left; the oldest record is not yet committed; the callback said so, or closed the ring; a limit
   * was reached, and there may be more.
   */
  readonly state: "empty" | "busy" | "stopped" | "limit";
}

export const drainChecks: Checks<DrainOptions> = { max: integer(1), budgetMs: milliseconds() };
export const blockingDrainChecks: Checks<BlockingDrainOptions> = { ...drainChecks, timeoutMs: milliseconds() };
export const consumerDrainChecks: Checks<ConsumerDrainOptions> = { ...drainChecks, rescan: aBoolean };
