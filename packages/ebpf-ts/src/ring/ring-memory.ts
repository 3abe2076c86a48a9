/**
 * The memory of one ring, wherever it lives: the kernel's mapped pages, the embedded engine's memory, a shared file.
 *
 * ```text
 *   consumer position   u64, free-running      written by the consumer only
 *   producer position   u64, free-running      written by the producer only
 *   data                `size` bytes, then `size` bytes more, so that a record that passes the end is contiguous
 * ```
 * The record at position p begins at `data[p & (size - 1)]` and runs on from there without wrapping. In the kernel's
 * rings the second half is a second mapping of the first; elsewhere it is memory of its own, which does as well because both
 * sides find a record by the same rule.
 */
export interface RingMemory {
  /** Bytes of data: a power of two, at most 2^30. */
  readonly size: number;
  /** Element 0 is the position as a u64; 8-byte aligned. */
  readonly consumer: BigUint64Array;
  readonly producer: BigUint64Array;
  /** Of a ring whose producer overwrites the oldest records: the first position that it has not. Stored before the producer position. */
  readonly overwrite?: BigUint64Array | undefined;
  /** `2 * size` bytes, 8-byte aligned. */
  readonly data: Uint8Array;
  /** False once the memory is gone; whoever keeps a view asks before use. */
  readonly open: boolean;
}

/**
 * How one side of a ring sleeps. Made with the function to be called when the ring rings.
 * `arm()` asks for one call, soon after the condition holds (at once if it holds already): data to read, or room to write.
 */
export interface RingBell {
  /** Asks for one call. */
  arm(): void;
  /** There will be no call any more. Idempotent. */
  close(): void;
}
