import { EbpfError } from "../base/errors.ts";
import { ringFull, RingProducer } from "../ring/producer.ts";
import { headerSize, isBusy } from "../ring/record.ts";
import { ProducerLock } from "./producer-lock.ts";
import type { SharedMemory } from "./shared-memory.ts";

/**
 * One of many producers of a ring: reserves under the lock, marks its records with its token, and wakes the consumer. Everything
 * else is the producer that all rings have.
 */
export class LockedProducer extends RingProducer {
  readonly #token: number;
  readonly #lock: ProducerLock;
  readonly #shared: SharedMemory;
  readonly #headers: Int32Array;
  readonly #consumed: Int32Array;
  #refusedAt = 0;

  constructor(shared: SharedMemory, token: number) {
    const { name, words, slots, ring } = shared;
    super(ring, name, token);
    this.#token = token;
    this.#shared = shared;
    this.#lock = new ProducerLock(name, words, slots, token);
    this.#headers = new Int32Array(ring.data.buffer, ring.data.byteOffset, ring.size >> 2);
    this.#consumed = new Int32Array(ring.consumer.buffer, ring.consumer.byteOffset, 1);
  }

  override get producerPosition(): bigint {
    // Other producers move it, so the two halves must be read as one.
    return this.open ? Atomics.load(this.memory.producer, 0) : super.producerPosition;
  }

  /** Whether the consumer has read since this producer found too little room. */
  get mayHaveRoom(): boolean {
    return Atomics.load(this.#consumed, 0) !== this.#refusedAt;
  }

  override tryReserve(size: number): number {
    if (!this.open) return super.tryReserve(size); // throws
    const consumed = Atomics.load(this.#consumed, 0);
    this.#lock.acquire();
    try {
      const offset = super.tryReserve(size);
      if (offset === ringFull) this.#refusedAt = consumed;
      return offset;
    } finally {
      this.#lock.release();
    }
  }

  /**
   * Sends the messages from number `from` on that there is room for, up to `maxRecords` and about `maxBytes` of them, by one publish;
   * gives the number at which it stopped. Whoever is killed meanwhile has sent none of them.
   */
  sendSome(messages: readonly Uint8Array[], from: number, maxRecords: number, maxBytes: number): number {
    const { data } = this.memory;
    if (!this.open) super.tryReserve(0); // throws
    this.#lock.acquire();
    try {
      const last = Math.min(from + maxRecords, messages.length);
      let next = from;
      for (let bytes = 0; next < last && bytes < maxBytes; next += 1) {
        const message = messages[next]!;
        const offset = this.stage(message.length);
        if (offset === ringFull) break;
        data.set(message, offset);
        bytes += message.length;
      }
      this.publish();
      return next;
    } finally {
      this.abandon();
      this.#lock.release();
    }
  }

  /** After {@link sendSome}. */
  ring(): void {
    this.#shared.dataBell.ring();
  }

  override submit(offset: number): void {
    this.#checkOurs(offset);
    super.submit(offset);
    this.#shared.dataBell.ring();
  }

  override discard(offset: number): void {
    this.#checkOurs(offset);
    super.discard(offset);
    this.#shared.dataBell.ring();
  }

  /** A record that was reserved here stays as it was, unless another process spoiled it. */
  #checkOurs(offset: number): void {
    const at = (offset - headerSize) >> 2;
    if (!this.memory.open || (isBusy(this.#headers[at]!) && this.#headers[at + 1] === this.#token)) return;
    throw new EbpfError(
      "BAD_RING",
      `Cannot commit a record of shared ring ${this.name}: another process has overwritten its header, make the ring anew`,
    );
  }
}
