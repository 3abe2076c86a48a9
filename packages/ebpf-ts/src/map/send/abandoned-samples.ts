import { isAlive, ownThread } from "../../base/thread-lives.ts";
import { AbandonedCount } from "../../ring/abandoned-count.ts";
import { headerSize, isBusy, payloadLength, recordSize } from "../../ring/record.ts";
import type { RingMemory } from "../../ring/ring-memory.ts";

/** Milliseconds for which a sample has kept the programs waiting before one asks whether its thread lives. */
const doubt = 2;

/**
 * Samples that a thread reserved and was ended before it submitted them: no program would get past the oldest of them. They carry
 * the number of their thread in the second word of the header, which no program reads; whoever has the turn discards and counts them.
 */
export class AbandonedSamples {
  readonly #memory: RingMemory;
  readonly #headers: Int32Array;
  readonly #consumer: Int32Array;
  readonly #count: AbandonedCount;
  /** The oldest sample's place, if it was not submitted at the last look, and when that was. */
  #seenAt = -1;
  #seenSince = 0;

  /** `cells` are shared with the other threads. */
  constructor(memory: RingMemory, cells: BigUint64Array) {
    const { consumer, data } = memory;
    this.#memory = memory;
    this.#headers = new Int32Array(data.buffer, data.byteOffset, memory.size >> 2);
    this.#consumer = new Int32Array(consumer.buffer, consumer.byteOffset, 2);
    this.#count = new AbandonedCount(cells, memory);
  }

  /** How many, by all threads. */
  get count(): number {
    return this.#count.value;
  }

  /** To be called by whoever has the turn. Costs little while the programs get on. */
  look(): void {
    // A plain load, of pages that are mapped read-only: it only has to be right in the long run.
    const at = (this.#consumer[0]! & (this.#memory.size - 1)) >> 2;
    const header = this.#headers[at]!;
    if (!isBusy(header) || this.#headers[at + 1] === ownThread()) return void (this.#seenAt = -1);
    const now = performance.now();
    if (this.#seenAt !== at) {
      this.#seenAt = at;
      this.#seenSince = now;
    } else if (now - this.#seenSince >= doubt) {
      this.#seenSince = now;
      if (!isAlive(this.#headers[at + 1]!)) this.discardAll();
    }
  }

  /** After a turn that was taken over: the one before may have been at this very thing. */
  recover(): void {
    this.#count.recover();
    this.discardAll();
  }

  discardAll(): void {
    const end = Atomics.load(this.#memory.producer, 0);
    const words = new Uint32Array(this.#consumer.buffer, this.#consumer.byteOffset, 2);
    let position = (BigInt(words[1]!) << 32n) | BigInt(words[0]!);
    // Whatever stands there, every step is 8 bytes at least.
    while (position < end) {
      const at = (Number(BigInt.asUintN(32, position)) & (this.#memory.size - 1) & -headerSize) >> 2;
      const header = Atomics.load(this.#headers, at);
      if (isBusy(header) && !isAlive(this.#headers[at + 1]!)) this.#count.abandon(position, header);
      position += BigInt(recordSize(payloadLength(header)));
    }
  }
}
