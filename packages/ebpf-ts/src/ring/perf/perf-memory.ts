/**
 * The memory of one CPU's perf ring, as perf_event_open(2) maps it (uapi `struct perf_event_mmap_page`):
 *
 * ```text
 *   page 0    data_head   u64, free-running            written by the kernel
 *             data_tail   u64, free-running            written by the reader
 *   page 1…   data        `size` bytes; a record that passes the end goes on at the start
 * ```
 * Records begin 8-byte aligned, and their sizes are multiples of 8. In an overwritable ring (`write_backward`) the head moves
 * downwards, the newest record stands at the head, and there is no tail.
 */
export interface PerfMemory {
  /** Bytes of data: a power of two, at most 2^30. */
  readonly size: number;
  /** Element 0 is the position; 8-byte aligned. */
  readonly head: BigUint64Array;
  readonly tail: BigUint64Array;
  readonly data: Uint8Array;
  /** False once the memory is gone. */
  readonly open: boolean;
}

const maxSize = 2 ** 30;

/** Refuses memory that is no ring, so that the reader need not look again. */
export function checkPerfMemory({ size, head, tail, data }: PerfMemory): void {
  if (!Number.isInteger(size) || size < 8 || size > maxSize || (size & (size - 1)) !== 0) {
    throw new RangeError(`The size of a perf ring must be a power of two from 8 to ${maxSize}, not ${size}`);
  }
  if (data.length < size || data.byteOffset % 8 !== 0) {
    throw new RangeError(`The data of a perf ring of ${size} bytes must be as many on an 8-byte boundary`);
  }
  if (head.length < 1 || tail.length < 1)
    throw new RangeError("The positions of a perf ring must have one element each");
}
