/** What a thread has of a ring that outlives it: a descriptor, which keeps the ring alive in the kernel. Survives `postMessage`. */
export interface RingRemains {
  readonly fd: number;
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

/** The thread has ended, and nobody else uses the number. One that ended by itself has closed it. */
export async function clearAway({ fd }: RingRemains, claim: RemainsClaim, ring: string): Promise<void> {
  const { Descriptor } = await import("../../sys/ffi/descriptor.ts");
  if (claim.take()) new Descriptor(fd, `ring ${ring} of a thread that was terminated`).close();
}
