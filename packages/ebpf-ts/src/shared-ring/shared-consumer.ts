import type { DrainResult } from "../ring/reading.ts";
import { RecordView } from "../ring/record-view.ts";
import { checkFunction, checkMilliseconds, checkOptions } from "../base/check-options.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { OneReader } from "../stream/one-reader.ts";
import { type EventsOptions, type RecordSource, RecordStream } from "../stream/record-stream.ts";
import type { Descriptor } from "../sys/ffi/descriptor.ts";
import { RescuingConsumer } from "./rescuing-consumer.ts";
import { openSharedBell } from "./shared-bell.ts";
import type { SharedMemory } from "./shared-memory.ts";

export interface SharedDrainOptions {
  /** Records at most. */
  readonly max?: number | undefined;
  /** Milliseconds at most, give or take some records. */
  readonly budgetMs?: number | undefined;
}

const drainNames: ReadonlySet<string> = new Set(["max", "budgetMs"]);
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
  readonly #source: RecordSource<Uint8Array>;
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
    this.#consumer = new RescuingConsumer(shared);
    this.#reader = new OneReader(`ring ${shared.name}`);
    this.#record = new RecordView(data);
    const condition = { holds: (late: boolean) => this.#holds(late), doubt: () => this.#doubt() };
    this.#bell = new LazyBell((onRing) => openSharedBell(shared.dataBell, condition, onRing));
    this.#source = {
      consumer: this.#consumer,
      stepsPerLook: 8,
      look: () => this.#consumer.read(),
      take: (offset) => data.slice(offset, offset + this.#consumer.length),
      acquire: (stream) => this.#reader.take(stream),
      release: () => void this.#reader.leave(),
      bell: this.#bell,
    };
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
    return this.records();
  }

  /** Copies of the records from now on, those that wait first. Keeps the process alive while it waits for more. */
  records(options: EventsOptions = {}): RecordStream<Uint8Array> {
    this.#reader.checkOpen();
    return new RecordStream(this.#source, options);
  }

  /**
   * Hands out the records that are there now, without a copy: the view is valid until the callback returns, and is the same
   * object each time. `false` ends the drain after this record. Records that come meanwhile wait for the next drain. Those that were
   * abandoned are among the discarded ones of the result.
   */
  drain(onRecord: (record: RecordView) => boolean | void | number, options: SharedDrainOptions = {}): DrainResult {
    checkFunction(onRecord, "The callback of drain()");
    checkOptions(options, drainNames, "drain()");
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
    checkMilliseconds(timeoutMs, "timeoutMs");
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
