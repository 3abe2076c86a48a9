/** What a consumer gives instead of an offset: nothing is there. */
export const ringEmpty = -1;
/** The oldest record is reserved and not yet committed. */
export const ringBusy = -2;
/** Nothing to hand out yet, as after many discarded records: read again, perhaps after a look at the clock. */
export const ringSkipped = -3;

/**
 * Gets the whole data area (not to be written to: it may be memory that faults), and where in it the payload stands, valid
 * until the call returns. `false` ends the drain, after this record.
 */
export type OnRecord = (data: Uint8Array, offset: number, length: number) => boolean | void | number;

export interface DrainLimits {
  /** Records to hand out at most. */
  readonly max?: number | undefined;
  /** Milliseconds after which the drain ends, give or take 32 records. */
  readonly budgetMs?: number | undefined;
  /** False ends the drain where the producer stood when it began. True, as libbpf does it, goes on while there is data. */
  readonly rescan?: boolean | undefined;
}

export interface DrainResult {
  /** Records handed out. */
  readonly delivered: number;
  readonly discarded: number;
  /**
   * Why it ended: nothing is left; the oldest record is not yet committed; the callback said so, or closed the ring; a limit
   * was reached, and there may be more.
   */
  readonly state: "empty" | "busy" | "stopped" | "limit";
}

export function checkLimits(max: number, budgetMs: number): void {
  if (typeof max !== "number" || typeof budgetMs !== "number") {
    throw new TypeError(
      `The limits of a drain must be numbers, not max ${String(max)} and budgetMs ${String(budgetMs)}`,
    );
  }
  if (max > 0 && (Number.isInteger(max) || max === Infinity) && budgetMs >= 0) return;
  throw new RangeError(
    `The limits of a drain must be positive, and max a whole number, not max ${max} and budgetMs ${budgetMs}`,
  );
}

/** Before anything is read: a record that nobody can be given would be lost. */
export function checkOnRecord(onRecord: OnRecord): void {
  if (typeof onRecord !== "function")
    throw new TypeError(`A drain hands records to a function, not to ${String(onRecord)}`);
}
