import type { WriteRecord } from "../engine/injector.ts";
import type { EngineRing } from "../engine/ring.ts";
import { type Pinnable, pinObject, unpinObject } from "../engine/pinnable.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import { bytesForThreads } from "../base/shared-bytes.ts";
import type { RingConsumer } from "../ring/consumer.ts";
import { openConsumer } from "../ring/open-consumer.ts";
import { OverwriteConsumer } from "../ring/overwrite/overwrite-consumer.ts";
import { blockForRecord } from "../stream/block-for-record.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { type RecordDecoder } from "../stream/record-stream.ts";
import type { InjectOptions } from "./inject/inject-options.ts";
import { type RingRecordType, sharedType } from "./record-type.ts";
import type { RingBufHandle } from "./ring-handles.ts";
import type { RingLoan } from "./ring-loan.ts";
import { tableFinder } from "./table-finder.ts";
import { RingInjector } from "./inject/ring-injector.ts";
import { ReadableRing } from "../stream/readable-ring.ts";

export interface RingBufOptions<T> {
  /** For errors. */
  readonly name: string;
  readonly ring: EngineRing;
  /** What `decode` decodes, asked for when somebody else is to know it. */
  readonly type?: (() => RingRecordType | undefined) | undefined;
  /** Events are copies of the records' bytes when it is left out. */
  readonly decode?: RecordDecoder<T> | undefined;
  /** What is pinned; none where this thread has the memory alone. */
  readonly pinnable?: Pinnable | undefined;
  /** What programs counted as lost, where the engine does not count it (see {@link RingBuf.lost}). */
  readonly lost?: (() => number | undefined) | undefined;
  readonly onClose?: (() => void) | undefined;
}

/**
 * The ring that programs write and user space reads (BPF_MAP_TYPE_RINGBUF, Linux 5.8). There is one consumer at a time: a loop
 * over the events, or a {@link drain}.
 */
export class RingBuf<T = unknown, In = T> extends ReadableRing<T> {
  readonly #consumer: RingConsumer | OverwriteConsumer;
  readonly #decode: (offset: number, length: number) => T;
  readonly #pinnable: Pinnable | undefined;
  readonly #lost: (() => number | undefined) | undefined;
  readonly #onClose: (() => void) | undefined;
  readonly #ring: EngineRing;
  readonly #type: RingBufOptions<T>["type"];
  readonly #injector: RingInjector<In>;
  /** Once it is closed. */
  #lostAtEnd: number | undefined;

  /** @internal Made by the collection. */
  constructor({ name, ring, type, decode, pinnable, lost, onClose }: RingBufOptions<T>) {
    const consumer = openConsumer(ring.memory, name);
    const findTable = tableFinder(`ring ${name}`, type);
    super({ name, consumer, bell: new LazyBell((onRing) => ring.bell(onRing)), decode, findTable });
    const { data } = consumer.memory;
    this.#ring = ring;
    this.#type = type;
    this.#pinnable = pinnable;
    this.#lost = lost;
    this.#onClose = onClose;
    this.#consumer = consumer;
    this.#injector = new RingInjector({ name, ring, type });
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#decode = (offset, length) =>
      decode === undefined ? (data.slice(offset, offset + length) as T) : decode(view, offset, length);
  }

  /**
   * Records that programs could not write since the ring was full, as far as anybody counts them; undefined where nobody does. The
   * embedded engine counts each refused reservation. The kernel counts none: there it is what the object's programs counted, in
   * a global variable or an array of integers whose name says so: `<ring>_lost`, `<ring>_dropped`, `<ring>_lost_samples`
   * (also with two underscores), or, in an object with one ring, `lost`, `dropped`, `lost_events`, `dropped_events`, `lost_samples`.
   */
  get lost(): number | undefined {
    return this.reader.closed ? this.#lostAtEnd : this.#countLost();
  }

  /**
   * Bytes that were overwritten before they were read, up to where this side has come: of a ring that overwrites its oldest records
   * (BPF_F_RB_OVERWRITE, Linux 6.19), else 0. Headers and discarded records are included.
   */
  get overwritten(): number {
    return this.#consumer instanceof OverwriteConsumer ? this.#consumer.overwritten : 0;
  }

  /** Bytes that wait to be read, headers and reservations included. */
  override get available(): number {
    if (this.reader.lent) this.#consumer.resume();
    return super.available;
  }

  /** Bytes read since the ring was made. */
  override get consumerPosition(): bigint {
    if (this.reader.lent) this.#consumer.resume();
    return super.consumerPosition;
  }

  /**
   * Blocks this thread until there is an event to read, at most so many milliseconds; false when the time is up. For worker threads
   * that want the lowest latency: nothing else runs meanwhile. A browser lets only worker threads block.
   */
  override waitSync(timeoutMs: number = Infinity): boolean {
    this.reader.checkFree();
    return blockForRecord(this.#consumer, this.#ring, timeoutMs);
  }

  /**
   * Gives the ring to a worker thread, which opens it with `openRingBuf` of `ebpf-ts/workers`, for good: from then on loops and drains
   * are refused here. Several threads may have the handle, and one at a time may have it open. The ring must stay open here as long
   * as a worker uses it.
   */
  share(): RingBufHandle<T> {
    this.reader.checkFree();
    if (this.#ring.share === undefined) {
      throw new NotSupportedError(
        "share",
        `Cannot share ring ${this.name}: its engine cannot open it in another thread`,
      );
    }
    const ring = this.#ring.share();
    const reader = bytesForThreads(4, `share ring ${this.name}`);
    this.reader.lend({ end: () => {} }, "it was given to another thread, for good, with share()");
    return { ring, type: sharedType(this.#type?.()), reader };
  }

  /**
   * Hands the ring to a consumer of another kind, such as worker threads. Until it is given back, loops and drains are
   * refused. `onClose` is called when the ring is closed meanwhile.
   */
  lend(onClose: () => void): RingLoan<T> {
    this.reader.checkFree();
    if (this.#ring.memory.overwrite !== undefined) {
      throw new NotSupportedError(
        "workers",
        `Cannot hand ring ${this.name} to workers: it overwrites its oldest records, also those at work`,
      );
    }
    const holder = { end: onClose };
    this.reader.lend(holder, "it is lent to worker threads, wait for the end of their dispatch");
    return {
      ring: this.#ring,
      type: this.#type?.(),
      decode: this.#decode,
      release: () => {
        if (this.reader.leave(holder)) this.#consumer.resume();
      },
    };
  }

  /** Keeps the ring alive under a path of a bpffs (kernel engine), one at a time (BUSY). */
  pin(path: string): void {
    this.reader.checkOpen();
    pinObject(this.#pinnable, path, `ring ${this.name}`);
  }

  /** Takes the pin away that {@link pin} or loading made, or where it was opened. Throws NOT_FOUND where there is none. */
  unpin(): void {
    this.reader.checkOpen();
    unpinObject(this.#pinnable, `ring ${this.name}`);
  }

  /**
   * Loads what injecting takes (kernel engine: a program), so that it can be done in a process that is locked down later. `size`: bytes of
   * the largest record, by default 64 KiB, or half the ring.
   */
  prepareInjection(size: number = Math.min(65_536, this.size / 2)): Promise<void> {
    return this.#injector.prepare(size);
  }

  /** Whether that was done, or something was injected. */
  get canInject(): boolean {
    return this.#injector.isPrepared;
  }

  /** Records injected so far. */
  get injected(): number {
    return this.#injector.injected;
  }

  /**
   * Writes a record from user space, in one order with what programs write (kernel engine: Linux 6.1). It is in the ring when
   * the promise resolves. Where programs would have less left than a quarter of the ring (see {@link InjectOptions}), it throws
   * NO_SPACE, or waits. The value is what it is at the call: it may be changed afterwards.
   */
  inject(value: In | Uint8Array, options: InjectOptions = {}): Promise<void> {
    return this.#injector.inject(value, options);
  }

  /**
   * {@link inject} for many, in their order, with one system call a batch. Gives how many were injected: the first ones, fewer
   * than all when there was no room (and, if it waits, none until the time was up). When one cannot be injected at all, those before it are, and the
   * error says which it was.
   * Values are read when there is room for them: leave an array, and what stands in it, as it is until the promise settles.
   */
  injectMany(values: Iterable<In | Uint8Array>, options: InjectOptions = {}): Promise<number> {
    return this.#injector.injectMany(values, options);
  }

  /**
   * {@link injectMany} for `count` records of `size` bytes that `write` fills in place: no object is encoded or copied, which makes it the
   * fastest way. The offset is where the record begins in the view; what is not written keeps what an earlier record left there. A
   * record that found no room is asked for again.
   */
  injectFill(count: number, size: number, write: WriteRecord, options: InjectOptions = {}): Promise<number> {
    return this.#injector.injectFill(count, size, write, options);
  }

  /**
   * Ends an iteration that is under way. Within a drain's callback it ends the drain and its view: records up to this one count as read,
   * for whoever opens the ring next. Idempotent.
   */
  override close(): void {
    if (this.reader.closed) return;
    this.#lostAtEnd = this.#countLastTime();
    super.close();
    this.#injector.close();
    this.#onClose?.();
  }

  #countLost(): number | undefined {
    return this.#ring.refused?.() ?? this.#lost?.();
  }

  /** Closing goes through, also where that cannot be read. */
  #countLastTime(): number | undefined {
    try {
      return this.#countLost();
    } catch (error) {
      if (error instanceof EbpfError) return undefined;
      throw error;
    }
  }
}
