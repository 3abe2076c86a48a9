import { headerSize } from "../../../ring/record.ts";

/** The frame of inject.bpf.c, and the private ring that it fills. */
export interface FrameSize {
  /** Bytes of the ring: those of the frame, and the header of its sample. */
  readonly queue: number;
  readonly bytes: number;
  /** Where the last record of a frame may begin at most. */
  readonly span: number;
  /** Bytes of the largest record. */
  readonly largest: number;
}

/** A slice that a program takes of a sample is below DYNPTR_MAX_SIZE, 2^24 - 1. */
const largestQueue = 2 ** 24;
const smallestQueue = 256 * 1024;
/** So that a batch stays in the cache of a core, and a run ends soon. */
const longestSpan = 192 * 1024;

/** The largest record that can be injected: it has the frame for itself. */
export const largestInjected: number = largestQueue - 2 * headerSize;

/** For records of up to `size` bytes. The sample takes the whole ring, so that every frame begins in the same place. */
export function frameSizeFor(size: number): FrameSize {
  const queue = Math.min(Math.max(smallestQueue, 2 ** Math.ceil(Math.log2(4 * size))), largestQueue);
  const bytes = queue - headerSize;
  const largest = size <= queue / 4 ? queue / 4 : largestInjected;
  const span = Math.min(bytes - headerSize - largest, longestSpan);
  return { queue, bytes, span, largest };
}
