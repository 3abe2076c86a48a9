import type { EngineRing, RingHandle } from "../engine/engine.ts";
import { EbpfError, NotSupportedError } from "../errors.ts";
import { SharedAccess } from "../memory/shared-access.ts";
import { ringFull, RingProducer } from "../ring/producer.ts";
import { Reservation } from "../ring/reservation.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { chunksOf } from "../stream/chunks.ts";
import { type RoomOptions, RoomQueue } from "../stream/room-queue.ts";
import type { RingRecordType } from "./ring-buf.ts";

/** Space for one sample that waits to be filled. */
export type UserSample = Reservation;

/** Writes a value at `offset`, all of its bytes. */
export interface SampleEncoder<T> {
  readonly size: number;
  /** Bytes that this value takes, where values differ. */
  sizeFor?(value: T): number;
  encode(value: T, view: DataView, offset: number): void;
}

export interface UserRingBufOptions<T> {
  /** For errors. */
  readonly name: string;
  readonly ring: EngineRing;
  /** Samples are plain bytes when it is left out. */
  readonly encoder?: SampleEncoder<T> | undefined;
  /** The type that the encoder writes, for other threads. */
  readonly type?: RingRecordType | undefined;
  /** What this ring shares with other threads that write it. */
  readonly access?: SharedAccess | undefined;
  readonly pin?: ((path: string) => void) | undefined;
  readonly onClose?: (() => void) | undefined;
}

/** A user ring for another thread of this process (`openUserRing` of `ebpf-ts/workers`); survives `postMessage`. */
export interface UserRingHandle<T = unknown> {
  readonly ring: RingHandle;
  readonly access: SharedArrayBuffer;
  readonly type: { readonly btf: Uint8Array; readonly id: number } | undefined;
  /** Not there: it carries the type of the samples. */
  readonly samples?: T;
}

/** Values that are sent at a time, where other threads write too. */
const chunkLength = 256;

/** DYNPTR_MAX_SIZE: a larger sample stays in the ring for good, and every drain fails with E2BIG. */
const largestSample = 2 ** 24 - 1;

/**
 * The ring that user space writes and programs drain with `bpf_user_ringbuf_drain` (BPF_MAP_TYPE_USER_RINGBUF, Linux 6.1).
 * Sending never waits: it throws NO_SPACE when the programs lag behind, or use {@link trySend} or {@link reserveWhenFree}.
 */
export class UserRingBuf<T = unknown> {
  readonly name: string;
  readonly #producer: RingProducer;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  readonly #encoder: SampleEncoder<T> | undefined;
  readonly #type: RingRecordType | undefined;
  readonly #share: (() => RingHandle) | undefined;
  readonly #ownsAccess: boolean;
  readonly #queue: RoomQueue;
  readonly #bell: LazyBell;
  readonly #reserved = new Set<Reservation>();
  readonly #pin: ((path: string) => void) | undefined;
  readonly #onClose: (() => void) | undefined;
  /** From when other threads write too. */
  #access: SharedAccess | undefined;
  #batching = false;
  #closed = false;

  constructor({ name, ring, encoder, type, access, pin, onClose }: UserRingBufOptions<T>) {
    const { data } = ring.memory;
    this.name = name;
    this.#producer = new RingProducer(ring.memory, name);
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#encoder = encoder;
    this.#type = type;
    this.#share = ring.share?.bind(ring);
    this.#access = access;
    this.#ownsAccess = access === undefined;
    this.#pin = pin;
    this.#onClose = onClose;
    this.#bell = new LazyBell((onRing) => ring.bell(onRing));
    this.#queue = new RoomQueue({
      producer: this.#producer,
      tryReserve: (size) => this.#sample(this.#tryReserve(size), size),
      bell: this.#bell,
    });
  }

  /** Bytes of data. */
  get size(): number {
    return this.#producer.size;
  }

  /** Samples submitted so far. */
  get sent(): number {
    return this.#producer.submitted;
  }

  /** Samples that were reserved and discarded so far. */
  get discarded(): number {
    return this.#producer.discarded;
  }

  /** Bytes that no program has read yet. */
  get occupied(): number {
    return this.#producer.occupied;
  }

  /** Bytes that are free; a sample takes 8 more than its length, rounded up to a multiple of 8. */
  get free(): number {
    return this.#producer.free;
  }

  /** Bytes read by programs since the ring was made. */
  get consumerPosition(): bigint {
    return this.#producer.consumerPosition;
  }

  /** Bytes reserved since the ring was made. */
  get producerPosition(): bigint {
    return this.#producer.producerPosition;
  }

  /** Throws NO_SPACE when the ring is full, BAD_VALUE when the value does not fit the type. */
  send(value: T): void {
    this.#write(value, this.#reserve(this.#sizeOf(value)));
  }

  /** False when the ring is full. */
  trySend(value: T): boolean {
    const offset = this.#tryReserve(this.#sizeOf(value));
    if (offset === ringFull) return false;
    this.#write(value, offset);
    return true;
  }

  /**
   * Sends the values in their order, up to the first that finds no room; gives how many were sent. Programs see them all at
   * once. When one cannot be sent at all, those before it are, and it throws. Meanwhile nobody else can write the ring.
   *
   * Where the ring is shared with other threads, this is so for up to 256 values at a time, which are taken from the iterable before:
   * whatever it does, it holds up no other thread. Up to 255 more may be taken then than find room.
   */
  sendMany(values: Iterable<T>): number {
    return this.#undisturbed(() => (this.#access === undefined ? this.#stageAll(values) : this.#sendChunks(values)));
  }

  /**
   * Sends up to `count` samples of `size` bytes that `write` fills in place: no object is encoded or copied, which makes it the fastest way. The
   * offset is where the sample begins in the view; what is not written keeps what an earlier sample left there. Like {@link sendMany},
   * it gives how many found room, programs see them all at once, and when `write` throws, those before its sample are sent.
   */
  fill(count: number, size: number, write: (view: DataView, offset: number, index: number) => void): number {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`The number of samples must be a whole number, not ${count}`);
    }
    this.#checkSize(size);
    return this.#exclusively(() => this.#producer.fill(count, size, this.#view, write));
  }

  /** Sends bytes as they are, also where the samples have a type. */
  sendBytes(bytes: Uint8Array): void {
    checkBytes(bytes);
    this.#writeBytes(bytes, this.#reserve(bytes.length));
  }

  trySendBytes(bytes: Uint8Array): boolean {
    checkBytes(bytes);
    const offset = this.#tryReserve(bytes.length);
    if (offset === ringFull) return false;
    this.#writeBytes(bytes, offset);
    return true;
  }

  /** Space for a sample, to be filled in place. Programs get no further than the oldest sample that is still open. */
  reserve(size: number): UserSample {
    return this.#sample(this.#reserve(size), size)!;
  }

  /** Waits for room. After `timeoutMs` it tries once more, and then throws NO_SPACE. Those who wait are served in order. */
  reserveWhenFree(size: number, options: RoomOptions = {}): Promise<UserSample> {
    return this.#queue.reserve(size, options);
  }

  /** Keeps the ring alive under a path of a bpffs (kernel engine). */
  pin(path: string): void {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot pin ring ${this.name}: it is closed`);
    if (this.#pin === undefined) {
      throw new NotSupportedError(
        "pin",
        `Cannot pin ring ${this.name}: only the kernel engine can, load with engine: "kernel"`,
      );
    }
    this.#pin(path);
  }

  /**
   * What a worker thread opens the same ring with (`openUserRing` of `ebpf-ts/workers`), while this one is open. From then on
   * writers take turns: a few nanoseconds more a sample.
   */
  share(): UserRingHandle<T> {
    if (this.#closed) throw new EbpfError("CLOSED", `Cannot share ring ${this.name}: it is closed`);
    if (this.#share === undefined) {
      throw new NotSupportedError(
        "share",
        `Cannot share ring ${this.name}: its engine cannot open it in another thread`,
      );
    }
    const ring = this.#share();
    this.#access ??= new SharedAccess();
    const type = this.#type === undefined ? undefined : { btf: this.#type.btf.bytes, id: this.#type.id };
    return { ring, access: this.#access.buffer, type };
  }

  /** Discards the samples that are still open, and ends the waits for room. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const sample of this.#reserved) sample[Symbol.dispose]();
    this.#producer.close();
    this.#queue.close(new EbpfError("CLOSED", `Cannot write ring ${this.name}: it was closed while waiting for room`));
    this.#bell.close();
    if (this.#ownsAccess) this.#access?.close();
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #sizeOf(value: T): number {
    const encoder = this.#encoder;
    if (encoder !== undefined) return encoder.sizeFor === undefined ? encoder.size : encoder.sizeFor(value);
    if (value instanceof Uint8Array) return value.length;
    throw new EbpfError(
      "BAD_VALUE",
      `Cannot send to ring ${this.name}: its samples have no known type, so it takes a Uint8Array`,
    );
  }

  #write(value: T, offset: number): void {
    if (this.#encoder === undefined) return this.#writeBytes(value as Uint8Array, offset);
    try {
      this.#encoder.encode(value, this.#view, offset);
    } catch (error) {
      this.#producer.discard(offset);
      throw error;
    }
    this.#producer.submit(offset);
  }

  #writeBytes(bytes: Uint8Array, offset: number): void {
    this.#data.set(bytes, offset);
    this.#producer.submit(offset);
  }

  /** Nobody else writes the ring meanwhile, neither another thread nor what the batch calls. */
  #exclusively(send: () => number): number {
    return this.#undisturbed(() => this.#locked(send));
  }

  /** What the batch calls does not write the ring meanwhile. */
  #undisturbed(send: () => number): number {
    this.#checkBatch();
    this.#batching = true;
    try {
      return send();
    } finally {
      this.#batching = false;
    }
  }

  #locked<R>(use: () => R): R {
    this.#access?.lock.acquire();
    try {
      return use();
    } finally {
      this.#access?.lock.release();
    }
  }

  /** The iterable is the user's, and may do anything: it is not asked while the lock is held. */
  #sendChunks(values: Iterable<T>): number {
    let sent = 0;
    for (const chunk of chunksOf(values, chunkLength)) {
      const count = this.#locked(() => this.#stageAll(chunk));
      sent += count;
      if (count < chunk.length) break;
    }
    return sent;
  }

  /** Those for which there is room; programs see them at the end. */
  #stageAll(values: Iterable<T>): number {
    let sent = 0;
    try {
      for (const value of values) {
        if (!this.#stage(value)) break;
      }
    } finally {
      sent = this.#producer.publish();
    }
    return sent;
  }

  /** False when there is no room for it now. */
  #stage(value: T): boolean {
    const size = this.#sizeOf(value);
    this.#checkSize(size);
    const offset = this.#producer.stage(size);
    if (offset === ringFull) return false;
    try {
      if (this.#encoder === undefined) this.#data.set(value as Uint8Array, offset);
      else this.#encoder.encode(value, this.#view, offset);
    } catch (error) {
      this.#producer.unstage();
      throw error;
    }
    return true;
  }

  #reserve(size: number): number {
    const offset = this.#tryReserve(size);
    if (offset !== ringFull) return offset;
    throw this.#producer.fullError(size);
  }

  #tryReserve(size: number): number {
    this.#checkSize(size);
    this.#checkBatch();
    const access = this.#access;
    if (access === undefined) return this.#producer.tryReserve(size);
    access.lock.acquire();
    try {
      return this.#producer.tryReserve(size);
    } finally {
      access.lock.release();
    }
  }

  #sample(offset: number, size: number): UserSample | undefined {
    if (offset === ringFull) return undefined;
    const sample = new Reservation(this.#producer, offset, size, (ended) => this.#reserved.delete(ended));
    this.#reserved.add(sample);
    return sample;
  }

  /** Values that send, while they are being sent. */
  #checkBatch(): void {
    if (!this.#batching) return;
    throw new EbpfError(
      "BUSY",
      `Cannot write ring ${this.name}: a batch is being sent to it, which nothing else may interrupt`,
    );
  }

  #checkSize(size: number): void {
    if (size > largestSample && this.size > largestSample) {
      throw new EbpfError(
        "TOO_BIG",
        `Cannot send ${size} bytes to ring ${this.name}: a program can take at most ${largestSample} at a time`,
      );
    }
  }
}

function checkBytes(bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("A ring takes bytes as a Uint8Array");
}
