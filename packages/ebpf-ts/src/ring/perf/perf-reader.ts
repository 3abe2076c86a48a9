import { PerfConsumer } from "./perf-consumer.ts";
import type { PerfMemory } from "./perf-memory.ts";

/** Samples of one CPU in a row, so that a busy one does not hold up the others. */
const samplesInARow = 64;

/** One reader over the rings of all CPUs: each CPU's samples in their order, the CPUs in turn. */
export class PerfReader {
  readonly cpus: readonly number[];
  /** Bytes in one ring from which on it is worth reading ({@link nextRing}). */
  due = 1;
  readonly #consumers: readonly PerfConsumer[];
  #index = 0;
  #left: number = samplesInARow;
  #marks: number[] = [];
  #closed = false;

  constructor(rings: readonly { readonly cpu: number; readonly memory: PerfMemory }[], name: string) {
    this.cpus = rings.map(({ cpu }) => cpu);
    this.#consumers = rings.map(({ cpu, memory }) => new PerfConsumer(memory, `${name} of CPU ${cpu}`));
  }

  get open(): boolean {
    return !this.#closed;
  }

  /** Which of the rings the sample at hand is in. */
  get index(): number {
    return this.#index;
  }

  /** The CPU of the sample at hand. */
  get cpu(): number {
    return this.cpus[this.#index]!;
  }

  /** The ring of the sample at hand. */
  get current(): PerfConsumer {
    return this.#consumers[this.#index]!;
  }

  get consumers(): readonly PerfConsumer[] {
    return this.#consumers;
  }

  /** Moves to the next sample; false when no CPU has one. */
  next(): boolean {
    for (let turn = 0; turn <= this.#consumers.length && this.#consumers.length > 0; turn += 1) {
      if (this.#left > 0 && this.current.next()) {
        this.#left -= 1;
        return true;
      }
      this.current.flush();
      this.#index = (this.#index + 1) % this.#consumers.length;
      this.#left = samplesInARow;
    }
    return false;
  }

  /** Moves to a ring that has a sample, those after the ring at hand first; false when none has, or less than {@link due} waits. */
  nextRing(): boolean {
    if (!this.hasData()) {
      this.flush();
      return false;
    }
    for (let turn = 0; turn < this.#consumers.length; turn += 1) {
      this.current.flush();
      this.#index = (this.#index + 1) % this.#consumers.length;
      this.#left = samplesInARow;
      if (this.current.seek()) return true;
    }
    return false;
  }

  /** True when some CPU has something to read: {@link due} bytes or more. */
  hasData(): boolean {
    const { due } = this;
    return this.#consumers.some((consumer) => consumer.available >= due);
  }

  /** Remembers what is there now as the place to stop at, up to which everything is due. There is one such place. */
  mark(): number {
    this.due = 1;
    this.#marks = this.#consumers.map((consumer) => consumer.mark());
    return 0;
  }

  hasReached(_mark: number): boolean {
    // The ring at hand first, so that most samples are one comparison, however many CPUs there are.
    if (!this.current.hasReached(this.#marks[this.#index]!)) return false;
    return this.#consumers.every((consumer, index) => consumer.hasReached(this.#marks[index]!));
  }

  flush(): void {
    for (const consumer of this.#consumers) consumer.flush();
  }

  close(): void {
    this.flush();
    this.#closed = true;
  }
}
