import { checkOptions } from "../base/check-options.ts";
import { aFunction, milliseconds } from "../base/checks.ts";
import {
  type BlockingDrainOptions,
  blockingDrainChecks,
  drainChecks,
  type DrainOptions,
  type DrainResult,
} from "../ring/drain-options.ts";
import type { OnRecordView } from "../ring/reading.ts";
import { RecordView } from "../ring/record-view.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { OneReader } from "../stream/one-reader.ts";
import type { RecordBatch } from "../stream/record-batch.ts";
import { type EventsOptions, RecordStream } from "../stream/record-stream.ts";
import { type RingSources, ringSources } from "../stream/ring-sources.ts";
import type { Descriptor } from "../sys/ffi/descriptor.ts";
import { RescuingConsumer } from "./rescuing-consumer.ts";
import { openSharedBell } from "./shared-bell.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** Milliseconds after which one who waits looks by itself, in case a producer was killed while it rang. */
const doubtMs = 500;
/** The same while a record keeps it waiting whose producer may have been killed. */
const rescueMs = 20;
/** A thread that blocks longer could not be terminated meanwhile. */
const longestBlock = 200;

/**
 * The consumer of a {@link SharedRing}; there is one at a time, in all processes. What was read counts as read once its position is
 * published: when a drain ends, when a loop waits or ends, and every 1/32 of the ring. A consumer that comes after one that was killed
 * begins there, so that it may get some records a second time, and misses none.
 */
export class SharedConsumer implements AsyncIterable<Uint8Array> {
  readonly name: string;
  readonly #shared: SharedMemory;
  readonly #descriptor: Descriptor;
  readonly #consumer: RescuingConsumer;
  readonly #sources: RingSources<Uint8Array>;
  readonly #record: RecordView;
  readonly #bell: LazyBell;
  readonly #onClose: (consumer: SharedConsumer) => void;
  readonly #reader: OneReader;

  /** @internal Made by {@link SharedRing.consumer}. */
  constructor(shared: SharedMemory, descriptor: Descriptor, onClose: (consumer: SharedConsumer) => void) {
    const { data } = shared.ring;
    this.name = shared.name;
    this.#shared = shared;
    this.#descriptor = descriptor;
    this.#onClose = onClose;
    shared.slots.claimConsumer(descriptor.fd);
    const consumer = new RescuingConsumer(shared);
    this.#consumer = consumer;
    this.#reader = new OneReader(`ring ${shared.name}`);
    this.#record = new RecordView(data);
    const condition = { holds: (late: boolean) => this.#holds(late), doubt: () => this.#doubt() };
    this.#bell = new LazyBell((onRing) => openSharedBell(shared.dataBell, condition, onRing));
    const parts = { consumer, bell: this.#bell, reader: this.#reader, record: this.#record };
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#sources = ringSources({ ...parts, view, decode: (_, offset, length) => data.slice(offset, offset + length) });
  }

  /** Bytes of data. */
  get size(): number {
    return this.#consumer.size;
  }

  /** Records that this consumer handed out. */
  get received(): number {
    return this.#consumer.received;
  }

  /** Records that this consumer passed because their producer had discarded them. */
  get discarded(): number {
    return this.#consumer.discarded - this.#consumer.rescued;
  }

  /** Records whose producer was killed before it submitted them, since the ring was made: by all its consumers. */
  get abandoned(): number {
    return this.#consumer.abandoned;
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

  [Symbol.asyncIterator](): RecordStream<Uint8Array> {
    return this.events();
  }

  /** Copies of the records from now on, those that wait first. Keeps the process alive while it waits for more. */
  events(options: EventsOptions = {}): RecordStream<Uint8Array> {
    this.#reader.checkOpen();
    return new RecordStream(this.#sources.events, options);
  }

  /**
   * The records from now on in batches of up to about 1/32 of the ring, to be read without a copy: the fastest way that is
   * still a loop. Back-pressure, sleep and end are those of {@link events}.
   */
  batches(options: EventsOptions = {}): RecordStream<RecordBatch<Uint8Array>> {
    this.#reader.checkOpen();
    return new RecordStream(this.#sources.batches, options);
  }

  /**
   * Hands out the records that are there now, without a copy: the view is valid until the callback returns, and is the same
   * object each time. `false` ends the drain after this record. Records that come meanwhile wait for the next drain. Those that were
   * abandoned are among the discarded ones of the result.
   */
  drain(onRecord: OnRecordView, options: DrainOptions = {}): DrainResult {
    aFunction(onRecord, "The callback of drain()");
    checkOptions(options, drainChecks, "drain()");
    const record = this.#record;
    const consumer = this.#consumer;
    const { max, budgetMs } = options;
    const show = (_: unknown, offset: number, length: number): boolean | void | number => {
      consumer.tellRoom();
      record.moveTo(offset, length);
      return onRecord(record);
    };
    return this.#reader.during(() => {
      try {
        return consumer.drain(show, { max, budgetMs, rescan: false });
      } finally {
        record.moveTo(0, 0);
      }
    });
  }

  /**
   * Blocks this thread until there is something to read, for that many milliseconds at most: false when there is nothing. For
   * worker threads; the event loop of the thread stands still meanwhile.
   */
  waitSync(timeoutMs: number = Infinity): boolean {
    milliseconds()(timeoutMs, "The timeoutMs of waitSync()");
    this.#reader.checkFree();
    const { dataBell } = this.#shared;
    const deadline = performance.now() + timeoutMs;
    while (!this.#consumer.ready) {
      const { sequence } = dataBell;
      dataBell.announce();
      const left = deadline - performance.now();
      if (this.#consumer.ready) return true;
      if (left <= 0) return false;
      dataBell.futex.wait(sequence, Math.min(left, this.#doubt(), longestBlock));
    }
    return true;
  }

  /** {@link waitSync}, then {@link drain}. When the time is up, nothing was delivered, and the state is `empty` or `busy`. */
  drainBlocking(onRecord: OnRecordView, options: BlockingDrainOptions = {}): DrainResult {
    aFunction(onRecord, "The callback of drainBlocking()");
    checkOptions(options, blockingDrainChecks, "drainBlocking()");
    const { timeoutMs, max, budgetMs } = options;
    this.waitSync(timeoutMs);
    return this.drain(onRecord, { max, budgetMs });
  }

  /**
   * Ends an iteration that is under way, and lets another consumer in. Within a drain's callback it ends the drain and its view:
   * records up to this one count as read. Idempotent.
   */
  close(): void {
    if (!this.#reader.close()) return;
    this.#bell.close();
    this.#consumer.close();
    this.#consumer.flush();
    this.#record.moveTo(0, 0);
    this.#descriptor.close();
    this.#onClose(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A record that somebody keeps for long is for the stream to know of: when it is told to end it does not wait for that. */
  #holds(late: boolean): boolean {
    return this.#consumer.ready || (late && this.#consumer.waitsForProducer);
  }

  #doubt(): number {
    return this.#consumer.waitsForProducer ? rescueMs : doubtMs;
  }
}
