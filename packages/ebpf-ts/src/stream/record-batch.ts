import { EbpfError } from "../base/errors.ts";
import { ringSkipped } from "../ring/reading.ts";
import type { ColumnName, ColumnOptions, Columns } from "../columns/column-types.ts";
import type { FindTable, RowTable } from "../columns/row-table.ts";
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
  readonly findTable: FindTable;
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

  /**
   * The rest of the records as one array a member, by name (`pid`, `task.pid`): typed arrays for numbers, {@link TextColumn} for texts, in the
   * layout of Apache Arrow's. No object is made for a record. The arrays are valid until the loop goes on: later batches use their memory
   * again. Without names: all members, those of structs by their paths, but arrays of
   * structs and of texts, flexible arrays and 128-bit integers, which are no columns.
   *
   * Takes a ring whose records are of one type (BAD_VALUE). A record that is shorter than that is BAD_VALUE too, and is consumed; the rows
   * before it come with the next call for the same members.
   */
  columns<E, N extends ColumnName<E> = ColumnName<E>, const O extends ColumnOptions = ColumnOptions>(
    // Inferred from here, so that a batch of events of one type is still one of `unknown`.
    this: RecordBatch<E>,
    names?: readonly N[],
    options?: O,
  ): Columns<E, N, O> {
    if (this.#over) throw this.#overError();
    const { consumer, view, findTable } = this.#parts;
    const table: RowTable = findTable(names, options ?? {});
    table.reserve(table.rows + consumer.ahead);
    for (;;) {
      const offset = consumer.readAhead();
      if (offset < 0) break;
      table.add(view, offset, consumer.length);
    }
    this.#end();
    return table.take() as Columns<E, N, O>;
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
