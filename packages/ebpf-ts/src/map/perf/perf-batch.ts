import type { PerfOptions } from "../../engine/perf.ts";
import { EbpfError } from "../../base/errors.ts";
import type { ColumnName, ColumnOptions, Columns } from "../../columns/column-types.ts";
import type { FindTable } from "../../columns/row-table.ts";
import { ringEmpty } from "../../ring/reading.ts";
import type { PerfConsumer } from "../../ring/perf/perf-consumer.ts";
import type { PerfReader } from "../../ring/perf/perf-reader.ts";
import type { RecordView } from "../../ring/record-view.ts";
import type { RecordDecoder } from "../../stream/record-stream.ts";

/** What the batches of one array share. */
export interface PerfBatchParts<T> {
  readonly reader: PerfReader;
  /** The view that stands on the sample at hand. */
  show(): RecordView;
  /** Leaves the views empty. */
  hide(): void;
  readonly decode: RecordDecoder<T>;
  readonly findTable: FindTable;
}

/**
 * Samples that wait in one CPU's ring, up to about 1/8 of it. Iterating reads them where they stand, without a copy: the view is
 * valid until the next step. {@link events} decodes them instead. A sample counts as read once it was handed out; what is left
 * unread stays in the ring. When the loop asks for the next batch, or ends, the space goes back to the programs, and this
 * batch is over: reading it throws CLOSED.
 */
export class PerfBatch<T> implements Iterable<RecordView> {
  readonly cpu: number;
  readonly #parts: PerfBatchParts<T>;
  readonly #consumer: PerfConsumer;
  readonly #mark: number;
  #over = false;
  /** What reading it throws when it is over, in place of CLOSED. */
  #reason: { readonly error: unknown } | undefined;

  constructor(parts: PerfBatchParts<T>) {
    this.cpu = parts.reader.cpu;
    this.#parts = parts;
    this.#consumer = parts.reader.current;
    this.#mark = this.#consumer.markBatch();
  }

  [Symbol.iterator](): Iterator<RecordView> {
    const parts = this.#parts;
    return this.#steps(() => parts.show());
  }

  /** The rest of the samples as decoded values, each made when it is asked for. */
  events(): Iterable<T> {
    const { decode } = this.#parts;
    const consumer = this.#consumer;
    return {
      [Symbol.iterator]: () => this.#steps(() => decode(consumer.view, consumer.offset, consumer.length)),
    };
  }

  /** The rest of the samples as one array a member: as {@link RecordBatch.columns}. */
  columns<E, N extends ColumnName<E> = ColumnName<E>, const O extends ColumnOptions = ColumnOptions>(
    this: PerfBatch<E>,
    names?: readonly N[],
    options?: O,
  ): Columns<E, N, O> {
    if (this.#over) throw this.#overError();
    const consumer = this.#consumer;
    const table = this.#parts.findTable(names, options ?? {});
    while (!consumer.hasReached(this.#mark) && consumer.next())
      table.add(consumer.view, consumer.offset, consumer.length);
    this.#done();
    return table.take() as Columns<E, N, O>;
  }

  /** The loop has gone on, or was aborted with a reason. */
  end(reason?: { readonly error: unknown }): void {
    if (this.#over) return;
    this.#over = true;
    this.#reason = reason;
    this.#parts.hide();
  }

  /** The step is one object for the whole batch, so that a loop over views allocates nothing. */
  #steps<V>(take: () => V): Iterator<V> {
    const consumer = this.#consumer;
    const mark = this.#mark;
    const step: { done: false; value: V } = { done: false, value: undefined as V };
    return {
      next: () => {
        if (this.#over) throw this.#overError();
        if (consumer.hasReached(mark) || !consumer.next()) return this.#done();
        step.value = take();
        return step;
      },
    };
  }

  #done(): IteratorReturnResult<undefined> {
    this.#parts.hide();
    return { done: true, value: undefined };
  }

  #overError(): unknown {
    if (this.#reason !== undefined) return this.#reason.error;
    return new EbpfError(
      "CLOSED",
      `Cannot read the batch of perf ring ${this.#consumer.name}: the loop over batches has gone on, or ended`,
    );
  }
}

/** The look and take of a stream of batches (RecordSource). */
export class PerfBatchReader<T> {
  readonly #parts: PerfBatchParts<T>;
  #batch: PerfBatch<T> | undefined;

  constructor(parts: PerfBatchParts<T>) {
    this.#parts = parts;
  }

  /** Ends the batch that was taken before. */
  look(): number {
    this.end();
    return this.#parts.reader.nextRing() ? 0 : ringEmpty;
  }

  take(): PerfBatch<T> {
    this.#batch = new PerfBatch(this.#parts);
    return this.#batch;
  }

  end(reason?: { readonly error: unknown }): void {
    this.#batch?.end(reason);
    this.#batch = undefined;
  }
}

/**
 * From how many bytes in a ring a loop over batches reads rather than sleeps. One that looked again at once would see a few samples at a
 * time, and fight with the kernel over its cache lines for each: two thirds of the rate. With a watermark it may sleep beside what
 * is left, since there is room for all that the kernel writes before it wakes somebody, 1/4 of the ring at most.
 */
export function dueBytes(size: number, watermark: PerfOptions["watermark"]): number {
  if (watermark === undefined || !("bytes" in watermark) || watermark.bytes > size / 4) return 1;
  return Math.min(watermark.bytes, size / 16);
}
