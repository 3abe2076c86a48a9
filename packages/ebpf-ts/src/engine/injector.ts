/** Writes the record at `index` at `offset` of the view, all of its bytes. */
export type WriteRecord = (view: DataView, offset: number, index: number) => void;

/**
 * Writes records into an event ring, in one order with what programs write: a batch is begun, filled, and flushed, without
 * anything else in between. Records find no room where they would leave less than `leaveFree` bytes of the ring free.
 */
export interface Injector {
  /** The largest record that it takes, in bytes. */
  readonly largest: number;
  /** Where payloads are put. */
  readonly view: DataView;
  /** Begins a batch; what was staged and not flushed is forgotten. */
  begin(leaveFree: number): void;
  /** Offset in the view of space for a payload; -1 when the ring, or the batch, has no room for it now. */
  stage(size: number): number;
  /** Takes back what was staged last. */
  unstage(): void;
  /**
   * Stages up to `count` records of `size` bytes, the first with index `from`: as many as there is room for. When `write` throws, those before
   * its record are staged.
   */
  fill(count: number, size: number, write: WriteRecord, from: number): void;
  /** Records of the batch so far. */
  readonly staged: number;
  /** Ends the batch. Gives how many were written, the first ones; the ring had no room for the others. */
  flush(): number;
}
