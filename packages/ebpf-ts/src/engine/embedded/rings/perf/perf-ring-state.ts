/*
 * The ring of one CPU, in bytes. What makes it what it is does not change; the words of different writers are kept apart, so that they do
 * not share a cache line.
 *
 *     0  head        u64     written by programs on the CPU
 *   128  tail        u64     written by the reader
 *   256  size        u32     bytes of data: a power of two
 *   260  backward    u32     1 when new records overwrite old ones, written downwards
 *   264  watermark   u32     bytes after which the reader is woken
 *   268  events      u32     the same in events; 0 for never
 *   272  serial      u32     another one for each ring that ever was at this address
 *   276  paused      i32     written by the reader
 *   384  lost        u64     what of events nobody was told yet, and
 *   392  woken       u64     up to where the reader was woken by the watermark, and
 *   400  counted     u32     events since it was woken by their count: of programs on the CPU
 *   512  data
 */
const headAt = 0;
const tailAt = 128;
const madeAt = 256;
const pausedAt = 276;
const lostAt = 384;
const wokenAt = 392;
const countedAt = 400;
const dataAt = 512;

/** How a ring is made. */
export interface PerfRingShape {
  readonly size: number;
  readonly backward: boolean;
  readonly watermark: number;
  readonly events: number;
  readonly serial: number;
}

/** Bytes that a ring with so many of data takes. */
export function perfRingBytes(size: number): number {
  return dataAt + size;
}

/** Fills in what a ring of zeros is to be. */
export function makePerfRing(memory: ArrayBufferLike, address: number, shape: PerfRingShape): void {
  const { size, backward, watermark, events, serial } = shape;
  new Uint32Array(memory, address + madeAt, 5).set([size, Number(backward), watermark, events, serial]);
}

/** Which of the rings that were at this address it is. */
export function serialOf(words: Uint32Array, address: number): number {
  return words[(address + madeAt) / 4 + 4]!;
}

/** One thread's view of a ring. */
export class PerfRingState implements PerfRingShape {
  readonly size: number;
  readonly backward: boolean;
  readonly watermark: number;
  readonly events: number;
  readonly serial: number;
  readonly head: BigUint64Array;
  readonly tail: BigUint64Array;
  readonly paused: Int32Array;
  readonly lost: BigUint64Array;
  readonly woken: BigUint64Array;
  readonly counted: Uint32Array;
  readonly data: Uint8Array;

  constructor(memory: ArrayBufferLike, address: number) {
    const [size, backward, watermark, events, serial] = new Uint32Array(
      memory,
      address + madeAt,
      5,
    ) as Iterable<number> as [number, number, number, number, number];
    this.size = size;
    this.backward = backward !== 0;
    this.watermark = watermark;
    this.events = events;
    this.serial = serial;
    this.head = new BigUint64Array(memory, address + headAt, 1);
    this.tail = new BigUint64Array(memory, address + tailAt, 1);
    this.paused = new Int32Array(memory, address + pausedAt, 1);
    this.lost = new BigUint64Array(memory, address + lostAt, 1);
    this.woken = new BigUint64Array(memory, address + wokenAt, 1);
    this.counted = new Uint32Array(memory, address + countedAt, 1);
    this.data = new Uint8Array(memory, address + dataAt, size);
  }
}
