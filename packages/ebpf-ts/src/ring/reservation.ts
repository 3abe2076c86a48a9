import { EbpfError } from "../base/errors.ts";
import type { RingMemory } from "./ring-memory.ts";

/** The producer that a reservation was made by, as far as it ends there. Offsets are those of payloads in the data. */
export interface ReservingProducer {
  readonly name: string;
  readonly memory: RingMemory;
  submit(offset: number): void;
  discard(offset: number): void;
}

/**
 * Space in a ring that waits to be filled. End it with {@link submit} or {@link discard}; `using` discards what was not
 * submitted. The other side gets no further than the oldest reservation that is open.
 *
 * A view that was kept from {@link bytes} reaches the ring's memory still after the end, and nothing else: at worst it spoils
 * another record.
 */
export class Reservation {
  readonly size: number;
  readonly #producer: ReservingProducer;
  readonly #offset: number;
  readonly #onEnd: ((reservation: Reservation) => void) | undefined;
  #ended = false;

  constructor(producer: ReservingProducer, offset: number, size: number, onEnd?: (reservation: Reservation) => void) {
    this.#producer = producer;
    this.#offset = offset;
    this.size = size;
    this.#onEnd = onEnd;
  }

  /** The payload, to be written. What an earlier record left there is still in it. */
  get bytes(): Uint8Array {
    this.#check("write");
    if (!this.#producer.memory.open) {
      throw new EbpfError("CLOSED", `Cannot write the reservation: ring ${this.#producer.name} is closed`);
    }
    return this.#producer.memory.data.subarray(this.#offset, this.#offset + this.size);
  }

  /** Hands the record to the other side. RangeError when it has ended before. */
  submit(): void {
    this.#check("submit");
    this.#producer.submit(this.#offset);
    this.#end();
  }

  /** The other side will skip the record. */
  discard(): void {
    this.#check("discard");
    this.#producer.discard(this.#offset);
    this.#end();
  }

  [Symbol.dispose](): void {
    if (!this.#ended && this.#producer.memory.open) this.discard();
  }

  #check(what: string): void {
    if (this.#ended) {
      throw new EbpfError("CLOSED", `Cannot ${what} the reservation: it was submitted or discarded before`);
    }
  }

  #end(): void {
    this.#ended = true;
    this.#onEnd?.(this);
  }
}
