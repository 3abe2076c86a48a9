import type { RecordView } from "./record-view.ts";

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

/** The same for a view of the record, which is one object for all of them. */
export type OnRecordView = (record: RecordView) => boolean | void | number;
