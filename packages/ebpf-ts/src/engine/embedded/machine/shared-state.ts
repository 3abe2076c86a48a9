import { sharedBytes } from "../../../base/shared-bytes.ts";
import { isAlive, nobody, ownThread } from "../../../base/thread-lives.ts";

/**
 * The words that all threads of a machine share, by index:
 *
 * ```text
 *   0            bumped and notified whenever a CPU becomes free
 *   1            the epoch: an odd number that goes up whenever something leaves which runs may still hold
 *   2            1 once all runs are to end
 *   3, 5, …      of a CPU each: the number of the thread that runs on it, or 0
 *   4, 6, …      the epoch in which its run began, or 0
 * ```
 * The CPU of a thread that was ended is anybody's to take: a run begins by setting all that it finds there.
 */
const releasesWord = 0;
const epochWord = 1;
const closingWord = 2;
const headerWords = 3;
const wordsOfCpu = 2;

export class SharedState {
  readonly #words: Int32Array;
  readonly #cpus: number;

  static bufferFor(cpus: number): ArrayBufferLike {
    return sharedBytes(4 * (headerWords + wordsOfCpu * cpus));
  }

  constructor(buffer: ArrayBufferLike, cpus: number) {
    this.#words = new Int32Array(buffer);
    this.#cpus = cpus;
    Atomics.compareExchange(this.#words, epochWord, 0, 1);
  }

  get closing(): boolean {
    return Atomics.load(this.#words, closingWord) !== 0;
  }

  /** Ends what runs, in all threads, and whoever waits for a CPU. */
  close(): void {
    Atomics.store(this.#words, closingWord, 1);
    Atomics.add(this.#words, releasesWord, 1);
    Atomics.notify(this.#words, releasesWord);
  }

  /** Takes a CPU that is free, or that one; -1 when it is not to be had. */
  tryTakeCpu(wanted?: number): number {
    const epoch = Atomics.load(this.#words, epochWord);
    const end = wanted === undefined ? this.#cpus : wanted + 1;
    for (let cpu = wanted ?? 0; cpu < end; cpu++) if (this.#take(cpu, nobody, epoch)) return cpu;
    return -1;
  }

  /** Whether this thread itself runs there. */
  isMine(cpu: number): boolean {
    return Atomics.load(this.#words, ownerOf(cpu)) === ownThread();
  }

  /** The same, of those whose thread has been ended. Asks the system. */
  tryTakeOverCpu(wanted?: number): number {
    const epoch = Atomics.load(this.#words, epochWord);
    const end = wanted === undefined ? this.#cpus : wanted + 1;
    for (let cpu = wanted ?? 0; cpu < end; cpu++) {
      const owner = Atomics.load(this.#words, ownerOf(cpu));
      if (owner !== nobody && !isAlive(owner) && this.#take(cpu, owner, epoch)) return cpu;
    }
    return -1;
  }

  giveCpu(cpu: number): void {
    Atomics.store(this.#words, beganOf(cpu), 0);
    Atomics.store(this.#words, ownerOf(cpu), nobody);
    // Pairs with the wait in waitForCpu: whoever read the old count after the CPU was free will not sleep.
    Atomics.add(this.#words, releasesWord, 1);
    Atomics.notify(this.#words, releasesWord, 1);
  }

  /** How often a CPU was given back; to be read before trying, and handed to {@link waitForCpu}. */
  get releases(): number {
    return Atomics.load(this.#words, releasesWord);
  }

  /** Sleeps until a CPU is given back after `releases` was read, at most so long. Browsers' main threads may not sleep: they spin. */
  waitForCpu(releases: number, milliseconds: number): void {
    try {
      Atomics.wait(this.#words, releasesWord, releases, milliseconds);
    } catch {
      const end = performance.now() + milliseconds;
      while (this.releases === releases && performance.now() < end);
    }
  }

  /** Begins an epoch after something was made unreachable, and says which. Runs that begin from now on cannot find it. */
  nextEpoch(): number {
    return (Atomics.add(this.#words, epochWord, 2) + 2) | 0;
  }

  /**
   * Whether every run has ended that began before an epoch. A run's own number is read before its CPU is taken, so that it is too small
   * rather than too large; a run that has not said it yet has looked at nothing. The run of a thread that was terminated has ended.
   */
  hasPassed(epoch: number): boolean {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const began = Atomics.load(this.#words, beganOf(cpu));
      if (began !== 0 && ((began - epoch) | 0) < 0 && isAlive(Atomics.load(this.#words, ownerOf(cpu)))) return false;
    }
    return true;
  }

  #take(cpu: number, owner: number, epoch: number): boolean {
    if (Atomics.compareExchange(this.#words, ownerOf(cpu), owner, ownThread()) !== owner) return false;
    Atomics.store(this.#words, beganOf(cpu), epoch);
    return true;
  }
}

function ownerOf(cpu: number): number {
  return headerWords + wordsOfCpu * cpu;
}

function beganOf(cpu: number): number {
  return ownerOf(cpu) + 1;
}
