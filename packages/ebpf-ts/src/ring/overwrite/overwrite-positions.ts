import { ReadFence } from "../../base/read-fence.ts";
import type { RingMemory } from "../ring-memory.ts";

/**
 * The three positions of a ring that overwrites, as plain numbers: counted from where the consumer stood at first, which is exact for
 * 100 days at 1 GB/s.
 */
export class OverwritePositions {
  /** Up to where was read, and what the memory shows of it. */
  position = 0;
  published = 0;
  /** Where the producer stood when it was looked at last. */
  produced = 0;
  readonly #memory: RingMemory;
  readonly #overwrite: BigUint64Array;
  readonly #base: bigint;
  readonly #fence: ReadFence = new ReadFence();

  constructor(memory: RingMemory, overwrite: BigUint64Array) {
    this.#memory = memory;
    this.#overwrite = overwrite;
    this.#base = this.#fence.load(memory.consumer);
  }

  /** Where the position is in the data. */
  get offset(): number {
    return Number(this.exact & BigInt(this.#memory.size - 1));
  }

  /** The position as it stands in memory. */
  get exact(): bigint {
    return this.#exact(this.position);
  }

  loadProducer(): number {
    return this.#load(this.#memory.producer);
  }

  loadOverwrite(): number {
    return this.#load(this.#overwrite);
  }

  /** Takes over where a consumer, this one or another, has come to. */
  resume(): void {
    this.position = this.published = this.#load(this.#memory.consumer);
  }

  publish(): void {
    if (this.position === this.published) return;
    Atomics.store(this.#memory.consumer, 0, this.exact);
    this.published = this.position;
  }

  /** Whether the numbers are exact. Farther away than 2^53 is only what somebody has forged. */
  get exactNumbers(): boolean {
    return Number.isSafeInteger(this.position) && Number.isSafeInteger(this.produced);
  }

  /** What is impossible about them, as part of a sentence. */
  fault(): string | undefined {
    const { size } = this.#memory;
    const ahead = this.produced - this.position;
    const produced = this.#exact(this.produced);
    const at = `the producer position ${produced}`;
    if (produced % 8n !== 0n) return `${at} is not a multiple of 8`;
    if (ahead % 8 !== 0) return `the consumer position ${this.exact} is not a multiple of 8`;
    if (ahead < 0) return `${at} is behind the consumer position ${this.exact}`;
    if (ahead > size) return `${at} is more than the ring's ${size} bytes ahead of what is not overwritten`;
    return undefined;
  }

  #load(position: BigUint64Array): number {
    return Number(BigInt.asIntN(64, this.#fence.load(position) - this.#base));
  }

  #exact(position: number): bigint {
    return BigInt.asUintN(64, this.#base + BigInt(position));
  }
}
