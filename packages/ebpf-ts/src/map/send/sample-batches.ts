import type { RingProducer } from "../../ring/producer.ts";
import { aCount, aFunction, anIterable } from "../../base/checks.ts";
import { sayWhichValue } from "../../base/errors.ts";
import { chunksOf } from "../../base/chunks.ts";
import type { RingTurns } from "./ring-turns.ts";
import type { SampleWriter } from "./sample-writer.ts";

/** Values that are sent at a time, where other threads write too. */
const chunkLength = 256;

/** Writes many samples, of which programs see all at once or none. */
export class SampleBatches<T> {
  readonly #producer: RingProducer;
  readonly #turns: RingTurns;
  readonly #writer: SampleWriter<T>;

  constructor(producer: RingProducer, turns: RingTurns, writer: SampleWriter<T>) {
    this.#producer = producer;
    this.#turns = turns;
    this.#writer = writer;
  }

  /** How many were sent: those up to the first that found no room, or that could not be sent. */
  sendMany(values: Iterable<T | Uint8Array>): number {
    anIterable(values, "The values of sendMany()");
    return this.#turns.undisturbed(() => (this.#turns.shared ? this.#sendChunks(values) : this.#stageAll(values)));
  }

  fill(count: number, size: number, write: (view: DataView, offset: number, index: number) => void): number {
    aCount(count, "The number of samples of fill()");
    aCount(size, "The size of a sample of fill()");
    aFunction(write, "The callback of fill()");
    this.#writer.checkSize(size);
    return this.#turns.exclusively(() => this.#producer.fill(count, size, this.#writer.view, write));
  }

  /** The iterable is the user's, and may do anything: it is not asked while other threads wait for their turn. */
  #sendChunks(values: Iterable<T | Uint8Array>): number {
    let sent = 0;
    for (const chunk of chunksOf(values, chunkLength)) {
      const first = sent;
      const count = this.#turns.locked(() => this.#stageAll(chunk, first));
      sent += count;
      if (count < chunk.length) break;
    }
    return sent;
  }

  /** `first` is the number of the first one among all that were given. */
  #stageAll(values: Iterable<T | Uint8Array>, first: number = 0): number {
    let sent = 0;
    let index = first;
    try {
      for (const value of values) {
        if (!this.#writer.stage(value)) break;
        index += 1;
      }
    } catch (error) {
      sayWhichValue(error, index);
      throw error;
    } finally {
      sent = this.#producer.publish();
    }
    return sent;
  }
}
