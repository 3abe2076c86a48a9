import { EbpfError } from "../base/errors.ts";
import { ringFull, type RingProducer } from "../ring/producer.ts";
import { Reservation } from "../ring/reservation.ts";
import type { LazyBell } from "./lazy-bell.ts";
import { type RoomOptions, RoomQueue } from "./room-queue.ts";

export interface WritableRingParts {
  readonly name: string;
  readonly producer: RingProducer;
  /** Rings when there may be room. */
  readonly bell: LazyBell;
}

/** A ring to whoever writes it. */
export abstract class WritableRing {
  readonly name: string;
  readonly #producer: RingProducer;
  readonly #bell: LazyBell;
  readonly #queue: RoomQueue;
  readonly #reserved = new Set<Reservation>();
  #closed = false;

  constructor({ name, producer, bell }: WritableRingParts) {
    this.name = name;
    this.#producer = producer;
    this.#bell = bell;
    this.#queue = new RoomQueue({ producer, bell, tryReserve: (size) => this.tryReserve(size) });
  }

  /** Bytes of data. */
  get size(): number {
    return this.#producer.size;
  }

  /** Records submitted here so far. */
  get sent(): number {
    return this.#producer.submitted;
  }

  /** Records that were reserved here and discarded, so far. */
  get discarded(): number {
    return this.#producer.discarded;
  }

  /** Bytes that nobody has read yet, of all who write the ring. */
  get occupied(): number {
    return this.#producer.occupied;
  }

  /** Bytes that are free; a record takes 8 more than its length, rounded up to a multiple of 8. */
  get free(): number {
    return this.#producer.free;
  }

  /** Bytes read since the ring was made. */
  get consumerPosition(): bigint {
    return this.#producer.consumerPosition;
  }

  /** Bytes reserved since the ring was made, by all who write it. */
  get producerPosition(): bigint {
    return this.#producer.producerPosition;
  }

  /** Space for a record, to be filled in place. Who reads gets no further than the oldest that is still open. Throws NO_SPACE when the ring is full. */
  reserve(size: number): Reservation {
    const reservation = this.tryReserve(size);
    if (reservation === undefined) throw this.#producer.fullError(size);
    return reservation;
  }

  /** {@link reserve}; undefined when there is no room now. */
  tryReserve(size: number): Reservation | undefined {
    const offset = this.placeFor(size);
    if (offset === ringFull) return undefined;
    const reservation = new Reservation(this.#producer, offset, size, (ended) => this.#reserved.delete(ended));
    this.#reserved.add(reservation);
    return reservation;
  }

  /** Waits for room. After `timeoutMs` it tries once more, and then throws NO_SPACE. Those who wait here are served in order. */
  reserveWhenFree(size: number, options: RoomOptions = {}): Promise<Reservation> {
    return this.#queue.reserve(size, options);
  }

  /** Discards the reservations that are still open, and ends the waits for room. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reservation of this.#reserved) discardQuietly(reservation);
    this.#producer.close();
    this.#queue.close(new EbpfError("CLOSED", `Cannot write ring ${this.name}: it was closed while waiting for room`));
    this.#bell.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The offset of space that is reserved, or {@link ringFull}. */
  protected abstract placeFor(size: number): number;

  protected get closed(): boolean {
    return this.#closed;
  }
}

/** A record that somebody else spoiled keeps nobody from closing. */
function discardQuietly(reservation: Reservation): void {
  try {
    reservation[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
  }
}
