import type { MappedArea } from "../sys/unmap.ts";

/**
 * What a thread has of a ring that outlives it: a descriptor, which keeps the ring alive in the kernel, and mapped memory. Survives
 * `postMessage`.
 */
export interface RingRemains {
  readonly fd: number;
  readonly areas: readonly MappedArea[];
}

/** Which of two threads closes the descriptor: the one that has it, or, when that one was terminated, the one that started it. */
export class RemainsClaim {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** True for the first who asks. */
  take(): boolean {
    return Atomics.compareExchange(this.#words, 0, 0, 1) === 0;
  }
}

/**
 * The thread has ended, and nobody else uses the numbers. One that ended by itself has closed its descriptor, and left the addresses
 * of the memory behind.
 */
export async function clearAway({ fd, areas }: RingRemains, claim: RemainsClaim, ring: string): Promise<void> {
  const { Descriptor } = await import("../sys/descriptor.ts");
  const { unmapAreas } = await import("../sys/unmap.ts");
  if (claim.take()) new Descriptor(fd, `ring ${ring} of a thread that was terminated`).close();
  unmapAreas(areas);
}
