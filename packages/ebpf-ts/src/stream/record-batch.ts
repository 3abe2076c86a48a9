import { EbpfError } from "../base/errors.ts";
import { ringSkipped } from "../ring/reading.ts";
import type { EventConsumer } from "../ring/event-consumer.ts";
import type { RecordView } from "../ring/record-view.ts";
import type { RecordDecoder } from "./record-stream.ts";

/** Chunks of discarded records that are passed in one look. */
const mostSkips = 32;

/** What the batches of one ring share. */
export interface BatchParts<T> {
  readonly consumer: EventConsumer;
  readonly view: DataView;
  readonly record: RecordView;
  readonly decode: RecordDecoder<T>;
}

/**
 * Records that wait in the ring, up to about 1/32 of it at a time. Iterating reads them where they stand, without a copy: the view is the
 * same object each time, and valid until the next step. {@link events} decodes them instead. A record counts as read once it was
 * handed out; what is left unread stays in the ring, and comes first in the next batch. When the loop asks for that one, or ends, the
 * space goes back to the producer, and this batch is over: reading it throws CLOSED.
 */
export class RecordBatch<T> implements Iterable<RecordView> {
  readonly #parts: BatchParts<T>;
  #over = false;
  /** What reading it throws when it is over, in place of CLOSED. */
  #reason: { readonly error: unknown } | undefined;

  constructor(source: BatchParts<T>) {
    this.#parts = source;
  }

  /** Records that are not read yet. */
  get length(): number {
    return this.#over ? 0 : this.#parts.consumer.ahead;
  }

  /** Whether there is nothing in the ring, as of now, that was not read: the time to write out what was collected. */
  get nowEmpty(): boolean {
    return this.#parts.consumer.available === 0;
  }

  [Symbol.iterator](): Iterator<RecordView> {
    const { consumer, record } = this.#parts;
    const step: IteratorResult<RecordView> = { done: false, value: record };
    return {
      next: () => {
        if (this.#over) throw this.#overError();
        const offset = consumer.readAhead();
        if (offset < 0) return this.#end();
        record.moveTo(offset, consumer.length);
        return step;
      },
    };
  }

  /** The rest of the records as decoded values, each made when it is asked for. */
  events(): Iterable<T> {
    return { [Symbol.iterator]: () => this.#events() };
  }

  /** The loop has gone on, or was aborted with a reason. */
  end(reason?: { readonly error: unknown }): void {
    if (this.#over) return;
    this.#over = true;
    this.#reason = reason;
    this.#parts.record.moveTo(0, 0);
  }

  /** The step is one object for the whole batch, so that a loop allocates its events and nothing else. */
  #events(): Iterator<T> {
    const { consumer, view, decode } = this.#parts;
    const step: { done: false; value: T } = { done: false, value: undefined as T };
    return {
      next: () => {
        if (this.#over) throw this.#overError();
        const offset = consumer.readAhead();
        if (offset < 0) return this.#end();
        step.value = decode(view, offset, consumer.length);
        return step;
      },
    };
  }

  #end(): IteratorReturnResult<undefined> {
    this.#parts.record.moveTo(0, 0);
    return { done: true, value: undefined };
  }

  #overError(): unknown {
    if (this.#reason !== undefined) return this.#reason.error;
    return new EbpfError(
      "CLOSED",
      `Cannot read the batch of ring ${this.#parts.consumer.name}: the loop over batches has gone on, or ended`,
    );
  }
}

/** The look and take of a stream of batches (RecordSource). */
export class BatchReader<T> {
  readonly #parts: BatchParts<T>;
  #batch: RecordBatch<T> | undefined;

  constructor(parts: BatchParts<T>) {
    this.#parts = parts;
  }

  /** Ends the batch that was taken before. */
  look(): number {
    this.end();
    const { consumer } = this.#parts;
    for (let skips = 0; skips < mostSkips; skips += 1) {
      const found = consumer.lookAhead();
      if (found < 0 || consumer.ahead > 0) return found;
      consumer.readAhead();
    }
    return ringSkipped;
  }

  take(): RecordBatch<T> {
    this.#batch = new RecordBatch(this.#parts);
    return this.#batch;
  }

  end(reason?: { readonly error: unknown }): void {
    this.#batch?.end(reason);
    this.#batch = undefined;
  }
}
