import { anIterable, aUint8Array } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import { ringFull } from "../ring/producer.ts";
import { headerSize } from "../ring/record.ts";
import { Reservation } from "../ring/reservation.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import { type RoomOptions, RoomQueue } from "../stream/room-queue.ts";
import type { Descriptor } from "../sys/ffi/descriptor.ts";
import { LockedProducer } from "./locked-producer.ts";
import { openSharedBell } from "./shared-bell.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** Milliseconds after which a producer that waits for room looks by itself, in case the consumer was killed while it rang. */
const doubtMs = 500;
/** What is sent at once: the lock is not to be held long. */
const batchRecords = 256;
const batchBytes = 65536;

/**
 * One of the producers of a {@link SharedRing}. It belongs to one thread; others make their own. Sending never waits for room: it
 * throws NO_SPACE when the ring is full, or use {@link trySend} or {@link reserveWhenFree}.
 */
export class SharedProducer {
  readonly name: string;
  readonly #descriptor: Descriptor;
  readonly #producer: LockedProducer;
  readonly #data: Uint8Array;
  readonly #queue: RoomQueue;
  readonly #bell: LazyBell;
  readonly #reserved = new Set<Reservation>();
  readonly #onClose: (producer: SharedProducer) => void;
  #closed = false;

  /** @internal Made by {@link SharedRing.producer}. */
  constructor(shared: SharedMemory, descriptor: Descriptor, onClose: (producer: SharedProducer) => void) {
    this.name = shared.name;
    this.#descriptor = descriptor;
    this.#onClose = onClose;
    this.#producer = new LockedProducer(shared, shared.slots.claim(descriptor.fd));
    this.#data = shared.ring.data;
    const condition = { holds: () => this.#producer.mayHaveRoom, doubt: () => doubtMs };
    this.#bell = new LazyBell((onRing) => openSharedBell(shared.roomBell, condition, onRing));
    this.#queue = new RoomQueue({
      producer: this.#producer,
      tryReserve: (size) => this.tryReserve(size),
      bell: this.#bell,
    });
  }

  /** Bytes of data. */
  get size(): number {
    return this.#producer.size;
  }

  /** Records that this producer submitted. */
  get sent(): number {
    return this.#producer.submitted;
  }

  /** Records that this producer reserved and discarded. */
  get discarded(): number {
    return this.#producer.discarded;
  }

  /** Bytes that the consumer has not read yet, of all producers. */
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

  /** Bytes reserved since the ring was made, by all producers. */
  get producerPosition(): bigint {
    return this.#producer.producerPosition;
  }

  /** Space for a record, to be filled in place. The consumer gets no further than the oldest that is still open. */
  reserve(size: number): Reservation {
    return this.#reservation(this.#producer.reserve(size), size);
  }

  /** Undefined when there is no room now. */
  tryReserve(size: number): Reservation | undefined {
    const offset = this.#producer.tryReserve(size);
    return offset === ringFull ? undefined : this.#reservation(offset, size);
  }

  /** Waits for room. After `timeoutMs` it tries once more, and then throws NO_SPACE. Those who wait here are served in order. */
  reserveWhenFree(size: number, options: RoomOptions = {}): Promise<Reservation> {
    return this.#queue.reserve(size, options);
  }

  /** Throws NO_SPACE when the ring is full. */
  send(bytes: Uint8Array): void {
    aUint8Array(bytes, "The bytes of send()");
    this.#write(bytes, this.#producer.reserve(bytes.length));
  }

  /** False when there is no room now. */
  trySend(bytes: Uint8Array): boolean {
    aUint8Array(bytes, "The bytes of trySend()");
    const offset = this.#producer.tryReserve(bytes.length);
    if (offset === ringFull) return false;
    this.#write(bytes, offset);
    return true;
  }

  /**
   * Sends as many as there is room for, from the first on, and gives their number. Up to 256 of them, or about 64 KiB, are one batch:
   * locked and published once, and next to each other in the ring. It wakes the consumer once.
   */
  sendMany(messages: Iterable<Uint8Array>): number {
    anIterable(messages, "The messages of sendMany()");
    const all = [...messages];
    for (const bytes of all) {
      aUint8Array(bytes, "A message of sendMany()");
      this.#checkSize(bytes.length);
    }
    let sent = 0;
    try {
      while (sent < all.length) {
        const next = this.#producer.sendSome(all, sent, batchRecords, batchBytes);
        if (next === sent) break;
        sent = next;
      }
    } finally {
      this.#producer.ring();
    }
    return sent;
  }

  /** Discards the reservations that are still open, ends the waits for room, and gives the slot back. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reservation of this.#reserved) discardQuietly(reservation);
    this.#producer.close();
    this.#queue.close(new EbpfError("CLOSED", `Cannot write ring ${this.name}: it was closed while waiting for room`));
    this.#bell.close();
    this.#descriptor.close();
    this.#onClose(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #write(bytes: Uint8Array, offset: number): void {
    this.#data.set(bytes, offset);
    this.#producer.submit(offset);
  }

  #reservation(offset: number, size: number): Reservation {
    const reservation = new Reservation(this.#producer, offset, size, (ended) => this.#reserved.delete(ended));
    this.#reserved.add(reservation);
    return reservation;
  }

  #checkSize(size: number): void {
    const largest = this.size - headerSize;
    if (size <= largest) return;
    throw new EbpfError(
      "TOO_BIG",
      `Cannot write ${size} bytes to ring ${this.name}: the largest record that its ${this.size} bytes can hold is ${largest}`,
    );
  }
}

/** A record that another process spoiled keeps nobody from closing. */
function discardQuietly(reservation: Reservation): void {
  try {
    reservation[Symbol.dispose]();
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
  }
}
