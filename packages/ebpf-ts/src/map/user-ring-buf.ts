import type { EngineRing } from "../engine/engine.ts";
import { EbpfError } from "../errors.ts";
import { ringFull, RingProducer } from "../ring/producer.ts";
import { Reservation } from "../ring/reservation.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { type RoomOptions, RoomQueue } from "../stream/room-queue.ts";

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
  readonly onClose?: (() => void) | undefined;
}

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
  readonly #queue: RoomQueue;
  readonly #bell: LazyBell;
  readonly #reserved = new Set<Reservation>();
  readonly #onClose: (() => void) | undefined;
  #closed = false;

  constructor({ name, ring, encoder, onClose }: UserRingBufOptions<T>) {
    const { data } = ring.memory;
    this.name = name;
    this.#producer = new RingProducer(ring.memory, name);
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#encoder = encoder;
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

  /** Discards the samples that are still open, and ends the waits for room. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const sample of this.#reserved) sample[Symbol.dispose]();
    this.#producer.close();
    this.#queue.close(new EbpfError("CLOSED", `Cannot write ring ${this.name}: it was closed while waiting for room`));
    this.#bell.close();
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #sizeOf(value: T): number {
    const encoder = this.#encoder;
    if (encoder !== undefined) return encoder.sizeFor === undefined ? encoder.size : encoder.sizeFor(value);
    if (value instanceof Uint8Array) return value.length;
    throw new EbpfError("BAD_VALUE", `Cannot send to ring ${this.name}: its samples have no known type, so it takes a Uint8Array`);
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

  #reserve(size: number): number {
    this.#checkSize(size);
    return this.#producer.reserve(size);
  }

  #tryReserve(size: number): number {
    this.#checkSize(size);
    return this.#producer.tryReserve(size);
  }

  #sample(offset: number, size: number): UserSample | undefined {
    if (offset === ringFull) return undefined;
    const sample = new Reservation(this.#producer, offset, size, (ended) => this.#reserved.delete(ended));
    this.#reserved.add(sample);
    return sample;
  }

  #checkSize(size: number): void {
    if (size > largestSample && this.size > largestSample) {
      throw new EbpfError("TOO_BIG", `Cannot send ${size} bytes to ring ${this.name}: a program can take at most ${largestSample} at a time`);
    }
  }
}

function checkBytes(bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("A ring takes bytes as a Uint8Array");
}
