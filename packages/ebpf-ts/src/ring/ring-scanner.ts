import { checkMemory } from "./check-memory.ts";
import { RingConsumer } from "./consumer.ts";
import { OwnPosition } from "./position.ts";
import { headerSize, recordSize } from "./record.ts";
import type { RingMemory } from "./ring-memory.ts";

/** A ring with a consumer position of its own, so that reading gives nothing back to the producer. */
class ScannedMemory implements RingMemory {
  readonly size: number;
  readonly producer: BigUint64Array;
  readonly data: Uint8Array;
  readonly consumer: BigUint64Array;
  readonly #memory: RingMemory;

  constructor(memory: RingMemory) {
    this.size = memory.size;
    this.producer = memory.producer;
    this.data = memory.data;
    this.consumer = BigUint64Array.of(memory.consumer[0]!);
    this.#memory = memory;
  }

  get open(): boolean {
    return this.#memory.open;
  }
}

/**
 * The reading side of a ring for those who are not done with a record when they read the next one: records are read ahead,
 * and their space is given back by {@link release}. It checks what {@link RingConsumer} checks, being one on the inside.
 */
export class RingScanner {
  readonly consumer: RingConsumer;
  readonly #memory: RingMemory;
  readonly #own: OwnPosition;
  readonly #mask: number;
  #end: number;

  constructor(memory: RingMemory, name?: string) {
    checkMemory(memory);
    this.consumer = new RingConsumer(new ScannedMemory(memory), name);
    this.#memory = memory;
    this.#own = new OwnPosition(memory.consumer);
    this.#mask = memory.size - 1;
    this.#end = this.#own.low;
  }

  /** As {@link RingConsumer.read}; the record stays valid until it is released. */
  read(): number {
    const offset = this.consumer.read();
    if (offset >= 0) {
      // Before it there may be discarded records: less than the ring, since nothing that was read is more than that behind.
      const skipped = (offset - headerSize - this.#end) & this.#mask;
      this.#end = (this.#end + skipped + recordSize(this.consumer.length)) | 0;
    }
    return offset;
  }

  get length(): number {
    return this.consumer.length;
  }

  /** Low word of the position behind the record that was read last. */
  get end(): number {
    return this.#end;
  }

  /** Gives back all space before that position, which is one that `end` gave. */
  release(end: number): void {
    if (this.#memory.open && end !== this.#own.low) this.#own.publish(end);
  }

  /** Gives back all that was read, discarded records at the end included. */
  releaseAll(): void {
    this.#end = Number(BigInt.asIntN(32, this.consumer.consumerPosition));
    this.release(this.#end);
  }
}
