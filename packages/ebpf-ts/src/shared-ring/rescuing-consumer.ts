import { AbandonedCount } from "../ring/abandoned-count.ts";
import { RingConsumer } from "../ring/consumer.ts";
import type { ConsumerDrainOptions, DrainResult } from "../ring/drain-options.ts";
import { type OnRecord, ringBusy, ringSkipped } from "../ring/reading.ts";
import { headerSize, isBusy } from "../ring/record.ts";
import { abandonedCells } from "./layout.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** Records in a row whose producers are gone, before one call returns. */
const maxRescues = 64;

/**
 * The consumer that all rings have, which also discards a record that keeps it waiting when the producer of it is gone, and
 * wakes producers that wait for room.
 */
export class RescuingConsumer extends RingConsumer {
  readonly #shared: SharedMemory;
  readonly #count: AbandonedCount;
  readonly #headers: Int32Array;
  readonly #published: Int32Array;
  #told: number;
  #rescued = 0;

  constructor(shared: SharedMemory) {
    const { name, words, ring } = shared;
    super(ring, name);
    this.#shared = shared;
    this.#count = new AbandonedCount(abandonedCells(words), ring);
    this.#count.recover();
    this.#headers = new Int32Array(ring.data.buffer, ring.data.byteOffset, ring.size >> 2);
    this.#published = new Int32Array(ring.consumer.buffer, ring.consumer.byteOffset, 1);
    this.#told = this.#published[0]!;
  }

  /** How many of those that were discarded were discarded here, in the name of a producer that is gone. */
  get rescued(): number {
    return this.#rescued;
  }

  /** The same, by all consumers that the ring has had. */
  get abandoned(): number {
    return this.#count.value;
  }

  /** Whether there is something to do: a record to read, or one to rescue. */
  get ready(): boolean {
    if (this.available === 0) return false;
    const at = this.#head();
    return !isBusy(Atomics.load(this.#headers, at)) || !this.#shared.slots.isAlive(this.#headers[at + 1]!);
  }

  /** Whether the oldest record is reserved and not committed. */
  get waitsForProducer(): boolean {
    return this.available > 0 && isBusy(Atomics.load(this.#headers, this.#head()));
  }

  override read(): number {
    const offset = super.read();
    const found = offset === ringBusy ? this.#rescueFor(() => super.read()) : offset;
    this.tellRoom();
    return found;
  }

  override lookAhead(): number {
    const ahead = super.lookAhead();
    const found = ahead === ringBusy ? this.#rescueFor(() => super.lookAhead()) : ahead;
    this.tellRoom();
    return found;
  }

  override drain(
    onRecord: OnRecord,
    { max = Infinity, budgetMs = Infinity, rescan = true }: ConsumerDrainOptions = {},
  ): DrainResult {
    const deadline = performance.now() + budgetMs;
    // Who waits for room need not wait for the end of the drain.
    const show: OnRecord = (data, offset, length) => {
      this.tellRoom();
      return onRecord(data, offset, length);
    };
    let { delivered, discarded, state } = super.drain(show, { max, budgetMs, rescan });
    for (let times = 0; state === "busy" && this.#rescue(); times += 1) {
      const left = Math.max(deadline - performance.now(), 0);
      const more = super.drain(show, { max: max - delivered, budgetMs: left, rescan });
      delivered += more.delivered;
      discarded += more.discarded;
      state = times < maxRescues || more.state !== "busy" ? more.state : "limit";
    }
    this.tellRoom();
    return { delivered, discarded, state };
  }

  override flush(): void {
    super.flush();
    this.tellRoom();
  }

  /** Wakes those who wait for room, if the position has moved since they were told. */
  tellRoom(): void {
    if (!this.memory.open || this.#published[0] === this.#told) return;
    this.#told = this.#published[0]!;
    this.#shared.roomBell.ring();
  }

  /** What another look finds once the records in front that nobody will ever commit are discarded. */
  #rescueFor(look: () => number): number {
    let found: number = ringBusy;
    for (let times = 0; found === ringBusy && this.#rescue(); times += 1) {
      found = times < maxRescues ? look() : ringSkipped;
    }
    return found;
  }

  /** Makes the oldest record a discarded one, if it is not committed and its producer is gone. False: there is only waiting. */
  #rescue(): boolean {
    const at = this.#head();
    const header = Atomics.load(this.#headers, at);
    if (!isBusy(header)) return true;
    if (this.#shared.slots.isAlive(this.#headers[at + 1]!)) return false;
    this.#count.abandon(this.consumerPosition, header);
    this.#rescued += 1;
    return true;
  }

  /** Index of the oldest record's header. */
  #head(): number {
    return (Number(BigInt.asUintN(32, this.consumerPosition)) & (this.size - 1) & -headerSize) >> 2;
  }
}
