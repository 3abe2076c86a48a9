import type { Btf } from "../btf/types.ts";
import type { EngineRing, RingHandle } from "../engine/engine.ts";
import { EbpfError, NotSupportedError } from "../errors.ts";
import type { DrainResult, RingConsumer } from "../ring/consumer.ts";
import { openConsumer } from "../ring/event-consumer.ts";
import { OverwriteConsumer } from "../ring/overwrite-consumer.ts";
import { RecordView } from "../ring/record-view.ts";
import { blockForRecord } from "../stream/block-for-record.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { BatchReader, type RecordBatch } from "../stream/record-batch.ts";
import { type EventsOptions, type RecordDecoder, type RecordSource, RecordStream } from "../stream/record-stream.ts";
import type { InjectOptions } from "./inject-options.ts";
import { RingInjector } from "./ring-injector.ts";

/** What the records of a ring are, in a form that another thread can make a decoder of. */
export interface RingRecordType {
  readonly btf: Btf;
  readonly id: number;
}

/** A ring in the hands of another kind of consumer (see {@link RingBuf.lend}). */
export interface RingLoan<T> {
  readonly ring: EngineRing;
  readonly type: RingRecordType | undefined;
  decode(offset: number, length: number): T;
  /** Gives the ring back. */
  release(): void;
}

export interface RingBufOptions<T> {
  /** For errors. */
  readonly name: string;
  readonly ring: EngineRing;
  readonly type?: RingRecordType | undefined;
  /** Events are copies of the records' bytes when it is left out. */
  readonly decode?: RecordDecoder<T> | undefined;
  readonly pin?: ((path: string) => void) | undefined;
  /** What programs counted as lost, where the engine does not count it (see {@link RingBuf.lost}). */
  readonly lost?: (() => number | undefined) | undefined;
  readonly onClose?: (() => void) | undefined;
}

export interface RingDrainOptions {
  /** Records at most. */
  readonly max?: number | undefined;
  /** Milliseconds at most, give or take some records. */
  readonly budgetMs?: number | undefined;
}

export interface RingBlockingOptions extends RingDrainOptions {
  /** Milliseconds to wait for the first record; by default without end. */
  readonly timeoutMs?: number | undefined;
}

/** An event ring for another thread of this process (`openRingBuf` of `ebpf-ts/workers`); survives `postMessage`. */
export interface RingBufHandle<T = unknown> {
  readonly ring: RingHandle;
  readonly type: { readonly btf: Uint8Array; readonly id: number } | undefined;
  /** Not there: it carries the type of the events. */
  readonly events?: T;
}

/**
 * The ring that programs write and user space reads (BPF_MAP_TYPE_RINGBUF, Linux 5.8). There is one consumer at a time: a loop
 * over the events, or a {@link drain}.
 */
export class RingBuf<T = unknown> implements AsyncIterable<T> {
  readonly name: string;
  readonly #consumer: RingConsumer | OverwriteConsumer;
  readonly #decode: (offset: number, length: number) => T;
  readonly #events: RecordSource<T>;
  readonly #batches: RecordSource<RecordBatch<T>>;
  readonly #record: RecordView;
  readonly #bell: LazyBell;
  readonly #pin: ((path: string) => void) | undefined;
  readonly #lost: (() => number | undefined) | undefined;
  readonly #onClose: (() => void) | undefined;
  readonly #ring: EngineRing;
  readonly #type: RingRecordType | undefined;
  readonly #injector: RingInjector<T>;
  #stream: { end(): void } | undefined;
  #lent = false;
  #draining = false;
  #closed = false;

  constructor({ name, ring, type, decode, pin, lost, onClose }: RingBufOptions<T>) {
    const consumer = openConsumer(ring.memory, name);
    const { data } = consumer.memory;
    this.name = name;
    this.#ring = ring;
    this.#type = type;
    this.#pin = pin;
    this.#lost = lost;
    this.#onClose = onClose;
    this.#consumer = consumer;
    this.#injector = new RingInjector({ name, ring, type });
    this.#record = new RecordView(data);
    this.#bell = new LazyBell((onRing) => ring.bell(onRing));
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const decodeRecord = decode ?? ((_, offset, length) => data.slice(offset, offset + length) as T);
    this.#decode = (offset, length) => decodeRecord(view, offset, length);
    const batches = new BatchReader({ consumer, view, record: this.#record, decode: decodeRecord });
    const shared = { consumer, bell: this.#bell, acquire: (stream: { end(): void }) => this.#acquire(stream) };
    this.#events = {
      ...shared,
      stepsPerLook: 8,
      look: () => consumer.read(),
      take: (offset) => decodeRecord(view, offset, consumer.length),
      release: () => (this.#stream = undefined),
    };
    this.#batches = {
      ...shared,
      stepsPerLook: 1,
      look: () => batches.look(),
      take: () => batches.take(),
      release: (reason) => {
        batches.end(reason);
        this.#stream = undefined;
      },
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

  /**
   * Records that programs could not write since the ring was full, as far as anybody counts them; undefined where nobody does. The
   * embedded engine counts each refused reservation. The kernel counts none: there it is what the object's programs counted, in
   * a global variable or an array of integers whose name says so: `<ring>_lost`, `<ring>_dropped`, `<ring>_lost_samples`
   * (also with two underscores), or, in an object with one ring, `lost`, `dropped`, `lost_events`, `dropped_events`, `lost_samples`.
   */
  get lost(): number | undefined {
    return this.#ring.refused?.() ?? this.#lost?.();
  }

  /**
   * Bytes that were overwritten before they were read, up to where this side has come: of a ring that overwrites its oldest records
   * (BPF_F_RB_OVERWRITE, Linux 6.19), else 0. Headers and discarded records are included.
   */
  get overwritten(): number {
    return this.#consumer instanceof OverwriteConsumer ? this.#consumer.overwritten : 0;
  }

  /** Bytes that wait to be read, headers and reservations included. */
  get available(): number {
    if (this.#lent) this.#consumer.resume();
    return this.#consumer.available;
  }

  /** Bytes read since the ring was made. */
  get consumerPosition(): bigint {
    if (this.#lent) this.#consumer.resume();
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
    return new RecordStream(this.#events, options);
  }

  /**
   * The records from now on in batches of up to about 1/32 of the ring, to be read without a copy: the fastest way that is
   * still a loop. Back-pressure, sleep and end are those of {@link events}.
   */
  batches(options: EventsOptions = {}): RecordStream<RecordBatch<T>> {
    this.#checkOpen();
    return new RecordStream(this.#batches, options);
  }

  /**
   * Hands out the records that are there now, without a copy: the view is valid until the callback returns, and is the same
   * object each time. `false` ends the drain after this record; what the callback throws passes through, and its record counts as
   * read. Records that come meanwhile wait for the next drain, so that a flood cannot hold the thread.
   */
  drain(
    onRecord: (record: RecordView) => boolean | void | number,
    { max, budgetMs }: RingDrainOptions = {},
  ): DrainResult {
    this.#checkFree();
    const record = this.#record;
    this.#draining = true;
    try {
      return this.#consumer.drain(
        (_, offset, length) => {
          record.moveTo(offset, length);
          return onRecord(record);
        },
        { max, budgetMs, rescan: false },
      );
    } finally {
      this.#draining = false;
      record.moveTo(0, 0);
    }
  }

  /**
   * Blocks this thread until there is an event to read, at most so many milliseconds; false when the time is up. For worker threads
   * that want the lowest latency: nothing else runs meanwhile. A browser lets only worker threads block.
   */
  waitSync(timeoutMs: number = Infinity): boolean {
    this.#checkFree();
    return blockForRecord(this.#consumer, this.#ring, timeoutMs);
  }

  /** {@link waitSync}, then {@link drain}. When the time is up, nothing was delivered, and the state is `empty` or `busy`. */
  drainBlocking(
    onRecord: (record: RecordView) => boolean | void | number,
    { timeoutMs, ...limits }: RingBlockingOptions = {},
  ): DrainResult {
    this.waitSync(timeoutMs);
    return this.drain(onRecord, limits);
  }

  /**
   * Gives the ring to a worker thread, which opens it with `openRingBuf` of `ebpf-ts/workers`, for good: from then on loops and drains
   * are refused here. The ring must stay open here as long as the worker uses it.
   */
  share(): RingBufHandle<T> {
    this.#checkFree();
    if (this.#ring.share === undefined) {
      throw new NotSupportedError(
        "share",
        `Cannot share ring ${this.name}: its engine cannot open it in another thread`,
      );
    }
    const ring = this.#ring.share();
    this.#hold(() => {});
    const type = this.#type === undefined ? undefined : { btf: this.#type.btf.bytes, id: this.#type.id };
    return { ring, type };
  }

  /**
   * Hands the ring to a consumer of another kind, such as worker threads. Until it is given back, loops and drains are
   * refused. `onClose` is called when the ring is closed meanwhile.
   */
  lend(onClose: () => void): RingLoan<T> {
    this.#checkFree();
    if (this.#ring.memory.overwrite !== undefined) {
      throw new NotSupportedError(
        "workers",
        `Cannot hand ring ${this.name} to workers: it overwrites its oldest records, also those at work`,
      );
    }
    const holder = this.#hold(onClose);
    return {
      ring: this.#ring,
      type: this.#type,
      decode: this.#decode,
      release: () => {
        if (this.#stream !== holder) return;
        this.#stream = undefined;
        this.#lent = false;
        this.#consumer.resume();
      },
    };
  }

  /** Keeps the ring alive under a path of a bpffs (kernel engine). */
  pin(path: string): void {
    this.#checkOpen();
    if (this.#pin === undefined) {
      throw new NotSupportedError(
        "pin",
        `Cannot pin ring ${this.name}: only the kernel engine can, load with engine: "kernel"`,
      );
    }
    this.#pin(path);
  }

  /** Records injected so far. */
  get injected(): number {
    return this.#injector.injected;
  }

  /**
   * Writes a record from user space, in one order with what programs write (kernel engine: Linux 6.1). It is in the ring when
   * the promise resolves. Where programs would have less left than a quarter of the ring (see {@link InjectOptions}), it throws
   * NO_SPACE, or waits.
   */
  inject(value: T | Uint8Array, options: InjectOptions = {}): Promise<void> {
    return this.#injector.inject(value, options);
  }

  /**
   * {@link inject} for many, in their order, with one system call a batch. Gives how many were injected: the first ones, fewer
   * than all when there was no room (and, if it waits, none until the time was up). When one cannot be injected at all, those before it are.
   */
  injectMany(values: Iterable<T | Uint8Array>, options: InjectOptions = {}): Promise<number> {
    return this.#injector.injectMany(values, options);
  }

  /** Ends an iteration that is under way. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.end();
    this.#bell.close();
    this.#consumer.close();
    this.#injector.close();
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #hold(onClose: () => void): { end(): void } {
    const holder = { end: onClose };
    this.#stream = holder;
    this.#lent = true;
    return holder;
  }

  #acquire(stream: { end(): void }): void {
    this.#checkFree();
    this.#stream = stream;
  }

  #checkFree(): void {
    this.#checkOpen();
    if (this.#stream !== undefined) {
      throw new EbpfError("BUSY", `Cannot read ring ${this.name}: it has a consumer already, end that loop first`);
    }
    if (this.#draining) {
      throw new EbpfError(
        "BUSY",
        `Cannot read ring ${this.name}: it is being drained, and this is that drain's callback`,
      );
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot read ring ${this.name}: it is closed`);
  }
}
