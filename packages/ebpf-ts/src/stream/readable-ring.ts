import { checkOptions } from "../base/check-options.ts";
import { aFunction } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import {
  type BlockingDrainOptions,
  blockingDrainChecks,
  drainChecks,
  type DrainOptions,
  type DrainResult,
} from "../ring/drain-options.ts";
import type { FindTable } from "../columns/row-table.ts";
import type { EventConsumer } from "../ring/event-consumer.ts";
import type { OnRecordView } from "../ring/reading.ts";
import { RecordView } from "../ring/record-view.ts";
import type { LazyBell } from "./lazy-bell.ts";
import { OneReader } from "./one-reader.ts";
import type { RecordBatch } from "./record-batch.ts";
import { type EventsOptions, type RecordDecoder, RecordStream } from "./record-stream.ts";
import { type RingSources, ringSources } from "./ring-sources.ts";

export interface ReadableRingParts<T> {
  readonly name: string;
  readonly consumer: EventConsumer;
  readonly bell: LazyBell;
  /** Events are copies of the records' bytes when it is left out. */
  readonly decode?: RecordDecoder<T> | undefined;
  /** For columns; left out where records are bytes. */
  readonly findTable?: FindTable | undefined;
}

/** A ring to whoever reads it: there is one consumer at a time, a loop over the events or a {@link drain}. */
export abstract class ReadableRing<T> implements AsyncIterable<T> {
  readonly name: string;
  protected readonly reader: OneReader;
  readonly #consumer: EventConsumer;
  readonly #bell: LazyBell;
  readonly #record: RecordView;
  readonly #sources: RingSources<T>;

  constructor({ name, consumer, bell, decode, findTable }: ReadableRingParts<T>) {
    const { data } = consumer.memory;
    this.name = name;
    this.reader = new OneReader(`ring ${name}`);
    this.#consumer = consumer;
    this.#bell = bell;
    this.#record = new RecordView(data);
    this.#sources = ringSources({
      consumer,
      bell,
      reader: this.reader,
      record: this.#record,
      view: new DataView(data.buffer, data.byteOffset, data.byteLength),
      findTable: findTable ?? (() => untyped(name)),
      decode: decode ?? ((_, offset, length) => data.slice(offset, offset + length) as T),
    });
  }

  /** Bytes of data. */
  get size(): number {
    return this.#consumer.size;
  }

  /** Events handed out so far. */
  get received(): number {
    return this.#consumer.received;
  }

  /** Records passed so far that their writer had discarded. */
  get discarded(): number {
    return this.#consumer.discarded;
  }

  /** Bytes that wait to be read, headers and reservations included. */
  get available(): number {
    return this.#consumer.available;
  }

  /** Bytes read since the ring was made. */
  get consumerPosition(): bigint {
    return this.#consumer.consumerPosition;
  }

  /** Bytes reserved since the ring was made. */
  get producerPosition(): bigint {
    return this.#consumer.producerPosition;
  }

  [Symbol.asyncIterator](): RecordStream<T> {
    return this.events();
  }

  /** The events from now on, those that wait in the ring first. Keeps the process alive while it waits for more. */
  events(options: EventsOptions = {}): RecordStream<T> {
    this.reader.checkOpen();
    return new RecordStream(this.#sources.events, options);
  }

  /**
   * The records from now on in batches of up to about 1/32 of the ring, to be read without a copy: the fastest way that is
   * still a loop. Back-pressure, sleep and end are those of {@link events}.
   */
  batches(options: EventsOptions = {}): RecordStream<RecordBatch<T>> {
    this.reader.checkOpen();
    return new RecordStream(this.#sources.batches, options);
  }

  /**
   * Hands out the records that are there now, without a copy: the view is valid until the callback returns, and is the same
   * object each time. `false` ends the drain after this record; what the callback throws passes through, and its record counts as
   * read. Records that come meanwhile wait for the next drain, so that a flood cannot hold the thread.
   */
  drain(onRecord: OnRecordView, options: DrainOptions = {}): DrainResult {
    aFunction(onRecord, "The callback of drain()");
    checkOptions(options, drainChecks, "drain()");
    const { max, budgetMs } = options;
    const record = this.#record;
    const show = (_: unknown, offset: number, length: number): boolean | void | number => {
      record.moveTo(offset, length);
      return onRecord(record);
    };
    return this.reader.during(() => {
      try {
        return this.#consumer.drain(show, { max, budgetMs, rescan: false });
      } finally {
        record.moveTo(0, 0);
      }
    });
  }

  /** Blocks this thread until there is an event to read, at most so many milliseconds; false when the time is up. */
  abstract waitSync(timeoutMs?: number): boolean;

  /** {@link waitSync}, then {@link drain}. When the time is up, nothing was delivered, and the state is `empty` or `busy`. */
  drainBlocking(onRecord: OnRecordView, options: BlockingDrainOptions = {}): DrainResult {
    // All of it before a wait that may be long.
    aFunction(onRecord, "The callback of drainBlocking()");
    checkOptions(options, blockingDrainChecks, "drainBlocking()");
    const { timeoutMs, max, budgetMs } = options;
    this.waitSync(timeoutMs);
    return this.drain(onRecord, { max, budgetMs });
  }

  /**
   * Ends an iteration that is under way. Within a drain's callback it ends the drain and its view: records up to this one count as read,
   * for whoever opens the ring next. Idempotent.
   */
  close(): void {
    if (!this.reader.close()) return;
    this.#bell.close();
    this.#consumer.close();
    this.#consumer.flush();
    this.#record.moveTo(0, 0);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function untyped(name: string): never {
  throw new EbpfError("BAD_VALUE", `Cannot read ring ${name} in columns: its records are bytes`);
}
