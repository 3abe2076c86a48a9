import { sharedBytes } from "../../../base/shared-bytes.ts";

/**
 * The words that all threads of a machine share, by index:
 *
 * ```text
 *   0            bumped and notified whenever a CPU becomes free
 *   1 … cpus     a CPU each: 0 free, 1 running
 * ```
 */
export class SharedState {
  readonly #words: Int32Array;
  readonly #cpus: number;

  static bufferFor(cpus: number): ArrayBufferLike {
    return sharedBytes(4 * (1 + cpus));
  }

  constructor(buffer: ArrayBufferLike, cpus: number) {
    this.#words = new Int32Array(buffer);
    this.#cpus = cpus;
  }

  /** Takes a free CPU; -1 when all are running. */
  tryTakeCpu(): number {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      if (Atomics.compareExchange(this.#words, 1 + cpu, 0, 1) === 0) return cpu;
    }
    return -1;
  }

  giveCpu(cpu: number): void {
    Atomics.store(this.#words, 1 + cpu, 0);
    // Pairs with the wait in waitForCpu: whoever read the old count after the CPU was free will not sleep.
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0, 1);
  }

  /** How often a CPU was given back; to be read before trying, and handed to {@link waitForCpu}. */
  get releases(): number {
    return Atomics.load(this.#words, 0);
  }

  /** Sleeps until a CPU is given back after `releases` was read, at most so long. Browsers' main threads may not sleep: they spin. */
  waitForCpu(releases: number, milliseconds: number): void {
    try {
      Atomics.wait(this.#words, 0, releases, milliseconds);
    } catch {
      const end = performance.now() + milliseconds;
      while (this.releases === releases && performance.now() < end);
    }
  }
}
