import type { EngineRing } from "../engine/engine.ts";
import { EbpfError } from "../errors.ts";
import { type DrainResult, RingConsumer } from "../ring/consumer.ts";
import { RecordView } from "../ring/record-view.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { type EventsOptions, type RecordDecoder, type RecordSource, RecordStream } from "../stream/record-stream.ts";

export interface RingBufOptions<T> {
  /** For errors. */
  readonly name: string;
  readonly ring: EngineRing;
  /** Events are copies of the records' bytes when it is left out. */
  readonly decode?: RecordDecoder<T> | undefined;
  readonly onClose?: (() => void) | undefined;
}

export interface RingDrainOptions {
  /** Records at most. */
  readonly max?: number | undefined;
  /** Milliseconds at most, give or take some records. */
  readonly budgetMs?: number | undefined;
}

/**
 * The ring that programs write and user space reads (BPF_MAP_TYPE_RINGBUF, Linux 5.8). There is one consumer at a time: a loop
 * over the events, or a {@link drain}.
 */
export class RingBuf<T = unknown> implements AsyncIterable<T> {
  readonly name: string;
  readonly #consumer: RingConsumer;
  readonly #source: RecordSource<T>;
  readonly #record: RecordView;
  readonly #bell: LazyBell;
  readonly #onClose: (() => void) | undefined;
  #stream: RecordStream<T> | undefined;
  #closed = false;

  constructor({ name, ring, decode, onClose }: RingBufOptions<T>) {
    const { data } = ring.memory;
    this.name = name;
    this.#onClose = onClose;
    this.#consumer = new RingConsumer(ring.memory, name);
    this.#record = new RecordView(data);
    this.#bell = new LazyBell((onRing) => ring.bell(onRing));
    this.#source = {
      consumer: this.#consumer,
      view: new DataView(data.buffer, data.byteOffset, data.byteLength),
      decode: decode ?? ((_, offset, length) => data.slice(offset, offset + length) as T),
      acquire: (stream) => this.#acquire(stream),
      release: () => (this.#stream = undefined),
      bell: this.#bell,
    };
  }

  /** Bytes of data. */
  get size(): number {
    return this.#consumer.size;
  }

  /** Events handed out so far. */
  get received(): number {
    return this.#consumer.received;
  }

  /** Records passed so far that their program had discarded. */
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
    this.#checkOpen();
    return new RecordStream(this.#source, options);
  }

  /**
   * Hands out the records that are there now, without a copy: the view is valid until the callback returns, and is the same
   * object each time. `false` ends the drain after this record; what the callback throws passes through, and its record counts as
   * read. Records that come meanwhile wait for the next drain, so that a flood cannot hold the thread.
   */
  drain(onRecord: (record: RecordView) => boolean | void | number, { max, budgetMs }: RingDrainOptions = {}): DrainResult {
    this.#checkFree();
    const record = this.#record;
    try {
      return this.#consumer.drain(
        (_, offset, length) => {
          record.moveTo(offset, length);
          return onRecord(record);
        },
        { max, budgetMs, rescan: false },
      );
    } finally {
      record.moveTo(0, 0);
    }
  }

  /** Ends an iteration that is under way. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.end();
    this.#bell.close();
    this.#consumer.close();
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #acquire(stream: RecordStream<T>): void {
    this.#checkFree();
    this.#stream = stream;
  }

  #checkFree(): void {
    this.#checkOpen();
    if (this.#stream !== undefined) {
      throw new EbpfError("BUSY", `Cannot read ring ${this.name}: it has a consumer already, end that loop first`);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot read ring ${this.name}: it is closed`);
  }
}
