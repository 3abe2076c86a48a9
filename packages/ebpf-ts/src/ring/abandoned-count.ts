import { discardBit, headerSize, isBusy, lengthMask } from "./record.ts";
import type { RingMemory } from "./ring-memory.ts";

/** Three u64: the count; the count after the step that is under way; the position of its record plus one, or 0. */
const count = 0;
const nextCount = 1;
const step = 2;

/**
 * Turns a record whose producer is gone into a discarded one, and counts it, exactly once, wherever the one who does so is killed
 * itself. What is about to be done is noted first; every part of it can be done again. For one at a time, who {@link recover}s before
 * the first.
 */
export class AbandonedCount {
  readonly #cells: BigUint64Array;
  readonly #headers: Int32Array;
  readonly #mask: number;

  /** `cells` are three, which all share who use the ring. */
  constructor(cells: BigUint64Array, memory: RingMemory) {
    this.#cells = cells;
    this.#headers = new Int32Array(memory.data.buffer, memory.data.byteOffset, memory.size >> 2);
    this.#mask = memory.size - 1;
  }

  get value(): number {
    return Number(Atomics.load(this.#cells, count));
  }

  /** Finishes what somebody before had begun. Its record is still there: nothing was written over it since. */
  recover(): void {
    const noted = Atomics.load(this.#cells, step);
    if (noted === 0n) return;
    const header = Atomics.load(this.#headers, this.#indexOf(noted - 1n));
    if (!isBusy(header)) Atomics.store(this.#cells, count, Atomics.load(this.#cells, nextCount));
    Atomics.store(this.#cells, step, 0n);
  }

  /** The record at that position is still as its header says, BUSY. */
  abandon(position: bigint, header: number): void {
    const next = Atomics.load(this.#cells, count) + 1n;
    Atomics.store(this.#cells, nextCount, next);
    Atomics.store(this.#cells, step, position + 1n);
    const discarded = (header & lengthMask) | discardBit;
    const found = Atomics.compareExchange(this.#headers, this.#indexOf(position), header, discarded);
    if (found === header) Atomics.store(this.#cells, count, next);
    Atomics.store(this.#cells, step, 0n);
  }

  #indexOf(position: bigint): number {
    return (Number(BigInt.asUintN(32, position)) & this.#mask & -headerSize) >> 2;
  }
}
