import { anIterable, aUint8Array } from "../base/checks.ts";
import { EbpfError, numberOf } from "../base/errors.ts";
import { ringFull } from "../ring/producer.ts";
import { headerSize } from "../ring/record.ts";
import { LazyBell } from "../stream/lazy-bell.ts";
import type { Descriptor } from "../sys/ffi/descriptor.ts";
import { LockedProducer } from "./locked-producer.ts";
import { openSharedBell } from "./shared-bell.ts";
import type { SharedMemory } from "./shared-memory.ts";
import { WritableRing } from "../stream/writable-ring.ts";

/** Milliseconds after which a producer that waits for room looks by itself, in case the consumer was killed while it rang. */
const doubtMs = 500;
/** What is sent at once: the lock is not to be held long. */
const batchRecords = 256;
const batchBytes = 65536;

/**
 * One of the producers of a {@link SharedRing}. It belongs to one thread; others make their own. Sending never waits for room: it
 * throws NO_SPACE when the ring is full, or use {@link trySend} or {@link reserveWhenFree}.
 */
export class SharedProducer extends WritableRing {
  readonly #descriptor: Descriptor;
  readonly #producer: LockedProducer;
  readonly #data: Uint8Array;
  readonly #onClose: (producer: SharedProducer) => void;

  /** @internal Made by {@link SharedRing.producer}. */
  constructor(shared: SharedMemory, descriptor: Descriptor, onClose: (producer: SharedProducer) => void) {
    const producer = new LockedProducer(shared, shared.slots.claim(descriptor.fd));
    const condition = { holds: () => producer.mayHaveRoom, doubt: () => doubtMs };
    const bell = new LazyBell((onRing) => openSharedBell(shared.roomBell, condition, onRing));
    super({ name: shared.name, producer, bell });
    this.#descriptor = descriptor;
    this.#onClose = onClose;
    this.#producer = producer;
    this.#data = shared.ring.data;
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
    for (const [index, bytes] of all.entries()) {
      if (!(bytes instanceof Uint8Array)) aUint8Array(bytes, `The message of sendMany()${numberOf(index)}`);
      this.#checkSize(bytes.length, index);
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
  override close(): void {
    if (this.closed) return;
    super.close();
    this.#descriptor.close();
    this.#onClose(this);
  }

  protected override placeFor(size: number): number {
    return this.#producer.tryReserve(size);
  }

  #write(bytes: Uint8Array, offset: number): void {
    this.#data.set(bytes, offset);
    this.#producer.submit(offset);
  }

  /** `index` is that of the message among those that were given. */
  #checkSize(size: number, index?: number): void {
    const largest = this.size - headerSize;
    if (size <= largest) return;
    throw new EbpfError(
      "TOO_BIG",
      `Cannot write ${size} bytes${numberOf(index)} to ring ${this.name}: the largest record that its ${this.size} bytes can hold is ${largest}`,
    );
  }
}
