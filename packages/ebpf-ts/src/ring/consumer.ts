import { checkOptions } from "../base/check-options.ts";
import { aFunction } from "../base/checks.ts";
import { ReadFence } from "../base/read-fence.ts";
import { type ConsumerDrainOptions, consumerDrainChecks, type DrainResult } from "./drain-options.ts";
import type { EbpfError } from "../base/errors.ts";
import { checkMemory } from "./check-memory.ts";
import { brokenError, closedError, drainingError, lengthFault } from "./consumer-errors.ts";
import { OwnPosition, PeerPosition } from "./position.ts";
import { ProducedPosition } from "./produced-position.ts";
import { type OnRecord, ringBusy, ringEmpty, ringSkipped } from "./reading.ts";
import { headerSize, isBusy } from "./record.ts";
import type { RingMemory } from "./ring-memory.ts";

/** How many records pass between two looks at the clock. */
const recordsPerLook = 32;
/** How many discarded records {@link RingConsumer.read} passes in one call. */
const maxSkips = 1024;
/** Names of this module's own: constants for V8, which what is imported is not (record.ts). */
const none = ringEmpty;
const skipped = ringSkipped;

/**
 * The reading side of a ring, over any memory. There is one per ring at a time.
 *
 * Its position is published once per 1/32 of the ring and whenever there is nothing left to read, rather than per record: the
 * producer reads that cache line, and both sides are faster when it changes rarely (about twice libbpf's rate).
 */
export class RingConsumer {
  /** For errors. */
  readonly name: string;
  readonly memory: RingMemory;
  readonly #data: Uint8Array;
  readonly #headers: Int32Array;
  readonly #mask: number;
  readonly #own: OwnPosition;
  readonly #peer: PeerPosition;
  readonly #batch: number;
  readonly #fence: ReadFence = new ReadFence();
  readonly #producer: ProducedPosition;
  /** Low words: up to where records were handed out, were seen to be committed, and are known to exist. */
  #position = 0;
  #ready = 0;
  #produced = 0;
  /** Records between the first two of these that are to be handed out; and all that were found so far, with those. */
  #waiting = 0;
  #found = 0;
  #length = 0;
  #discarded = 0;
  #draining = false;
  #closed = false;
  #poison: EbpfError | undefined;

  constructor(memory: RingMemory, name = "buffer") {
    checkMemory(memory);
    const { size, data } = memory;
    this.name = name;
    this.memory = memory;
    this.#data = data;
    this.#headers = new Int32Array(data.buffer, data.byteOffset, size >> 2);
    this.#mask = size - 1;
    this.#own = new OwnPosition(memory.consumer);
    this.#peer = new PeerPosition(memory.producer);
    this.#batch = Math.max(size >>> 5, headerSize);
    this.#producer = new ProducedPosition(this.#own, this.#peer, size, (fault) => this.#poisoned(fault));
    this.#position = this.#own.low;
    this.#ready = this.#position;
    this.#produced = this.#position;
  }

  get size(): number {
    return this.#mask + 1;
  }

  get open(): boolean {
    return !this.#closed && this.memory.open;
  }

  /** Records handed out so far. */
  get received(): number {
    return this.#found - this.#waiting;
  }

  /** Records passed so far that their producer had discarded. */
  get discarded(): number {
    return this.#discarded;
  }

  /** Payload length of the record that {@link read} gave last. */
  get length(): number {
    return this.#length;
  }

  /** Up to where this side has read; the memory may still show up to 1/32 of the ring less. */
  get consumerPosition(): bigint {
    return this.#own.exactOf(this.#position);
  }

  /** As the other side wrote it, right or wrong. */
  get producerPosition(): bigint {
    this.#checkOpen();
    return this.#peer.exact();
  }

  /** Bytes that wait to be read, headers, reservations and discarded records included. */
  get available(): number {
    if (!this.memory.open) return 0;
    return Math.min((this.#peer.low() - this.#position) >>> 0, this.size);
  }

  /**
   * The offset in the data of the next record's payload ({@link length} is its length), or {@link ringEmpty},
   * {@link ringBusy}, {@link ringSkipped}. The record is valid until the next call of `read` or `flush`.
   */
  read(): number {
    this.#checkUse();
    for (let skips = 0; skips < maxSkips; skips += 1) {
      const offset = this.#step();
      if (offset !== ringSkipped) return offset;
    }
    return ringSkipped;
  }

  /**
   * Finds the committed records ahead, up to about 1/32 of the ring, for {@link readAhead}. Gives how many bytes they take, or why
   * there are none, as {@link read} does. What was found before and not read is found again.
   */
  lookAhead(): number {
    this.#checkUse();
    const lack = this.#position === this.#ready ? this.#lookAhead() : 0;
    return lack === 0 ? (this.#ready - this.#position) >>> 0 : lack;
  }

  /** As {@link read}, of the records that {@link lookAhead} found; after them it gives {@link ringEmpty}. */
  readAhead(): number {
    // Compared, since asking whether a value of any type is true takes six instructions.
    if (this.memory.open !== true || this.#closed || this.#poison !== undefined) this.#checkUse();
    for (;;) {
      const offset = this.#nextReady();
      if (offset !== skipped) return offset;
    }
  }

  /** Records that were found and not read yet. */
  get ahead(): number {
    return this.#waiting;
  }

  /** Hands out every record there is, within the limits. What the callback throws passes through, after its record. */
  drain(onRecord: OnRecord, options: ConsumerDrainOptions = {}): DrainResult {
    aFunction(onRecord, "The callback of drain()");
    checkOptions(options, consumerDrainChecks, "drain()");
    const { max = Infinity, budgetMs = Infinity, rescan = true } = options;
    this.#checkUse();
    const { received, discarded } = this;
    this.#draining = true;
    let state: DrainResult["state"];
    try {
      state = this.#run(onRecord, max, budgetMs, rescan);
    } finally {
      this.#draining = false;
      this.flush();
    }
    return { delivered: this.received - received, discarded: this.#discarded - discarded, state };
  }

  /** Gives the space of every record that was read back to the producer. */
  flush(): void {
    if (!this.memory.open) return;
    if (this.#position !== this.#own.low) this.#own.publish(this.#position);
    this.#ready = this.#position;
    this.#produced = this.#position;
    this.#found -= this.#waiting;
    this.#waiting = 0;
  }

  /** Goes on where another consumer, which had the ring in the meantime, has come to. */
  resume(): void {
    if (!this.memory.open) return;
    this.flush();
    this.#position = this.#own.load();
    this.#ready = this.#position;
    this.#produced = this.#position;
  }

  /** Where the producer stands now, for {@link hasReached}. */
  mark(): number {
    this.#checkOpen();
    return this.#producer.load(this.#position);
  }

  /** Whether everything before the mark was read. */
  hasReached(mark: number): boolean {
    return ((this.#position - mark) | 0) >= 0;
  }

  /** Ends the reading, also from within a drain's callback. The memory is its owner's to free. Idempotent. */
  close(): void {
    if (!this.#draining) this.flush();
    this.#closed = true;
  }

  #run(onRecord: OnRecord, max: number, budgetMs: number, rescan: boolean): DrainResult["state"] {
    const data = this.#data;
    this.flush();
    this.#lookAgain();
    const mark = this.#produced;
    const deadline = budgetMs === Infinity ? Infinity : performance.now() + budgetMs;
    let delivered = 0;
    let untilLook = recordsPerLook;
    for (;;) {
      if (!rescan && this.#position === mark) return this.#peer.low() === mark ? "empty" : "limit";
      const offset = this.#step();
      if (offset >= 0) {
        if (onRecord(data, offset, this.#length) === false || !this.open) return "stopped";
        delivered += 1;
        if (delivered >= max) return "limit";
      } else if (offset !== ringSkipped) {
        return offset === ringEmpty ? "empty" : "busy";
      }
      untilLook -= 1;
      if (untilLook === 0) {
        if (deadline !== Infinity && performance.now() >= deadline) return "limit";
        untilLook = recordsPerLook;
      }
    }
  }

  /** The next record, after a look ahead when it is needed. */
  #step(): number {
    if (this.#position === this.#ready) {
      const lack = this.#lookAhead();
      if (lack !== 0) return lack;
    }
    return this.#nextReady();
  }

  /**
   * One record on, of those that were found; {@link ringEmpty} after them. Its header is checked again, since another process may write it. Its bits
   * are written out (record.ts).
   */
  #nextReady(): number {
    const position = this.#position;
    const left = (this.#ready - position) >>> 0;
    if (left === 0) return none;
    const at = position & this.#mask;
    const header = this.#headers[at >> 2]!;
    const length = header & 0x3fff_ffff;
    const total = (length + 8 + 7) & ~7;
    if (header < 0 || total > left) throw this.#badHeader(header);
    this.#position = (position + total) | 0;
    if ((header & 0x4000_0000) !== 0) {
      this.#discarded += 1;
      return skipped;
    }
    this.#waiting -= 1;
    this.#length = length;
    return at + 8;
  }

  /** Finds the committed records ahead, up to about 1/32 of the ring. Gives 0, or why there are none. */
  #lookAhead(): number {
    if (((this.#position - this.#own.low) | 0) >= this.#batch) this.#own.publish(this.#position);
    if (this.#position === this.#produced && !this.#lookAgain()) return ringEmpty;
    const length = this.#scan();
    if (length === 0) return this.#isStillBusy(this.#position & this.#mask) ? ringBusy : ringSkipped;
    this.#ready = (this.#position + length) | 0;
    // Pairs with the exchange of each header at commit: what the producers wrote into the payloads is seen.
    this.#fence.pass();
    return 0;
  }

  /**
   * Bytes of the committed records ahead. The bounds are checked before BUSY, because a header's length is final before its
   * record is produced. (A class of its own would be slower by half a nanosecond a record; the bits are written out, see record.ts.)
   */
  #scan(): number {
    const headers = this.#headers;
    const mask = this.#mask;
    const position = this.#position;
    const produced = (this.#produced - position) >>> 0;
    const limit = Math.min(produced, this.#batch);
    let length = 0;
    let count = 0;
    while (length < limit) {
      const header = headers[((position + length) & mask) >> 2]!;
      const total = ((header & 0x3fff_ffff) + 8 + 7) & ~7;
      if (total > produced - length) {
        if (length === 0) throw this.#badHeader(header);
        break;
      }
      if (header < 0) break;
      if ((header & 0x4000_0000) === 0) count += 1;
      length += total;
    }
    // Another process may have discarded what was found before: then some of it still waits here.
    this.#found += count - this.#waiting;
    this.#waiting = count;
    return length;
  }

  /**
   * Publishes, then looks once more. A commit changes the header first and then reads the consumer's position to see
   * whether somebody sleeps here; in that order neither side can miss the other, for the store is sequentially consistent, and the
   * load behind it enters the fence.
   */
  #isStillBusy(at: number): boolean {
    if (this.#position !== this.#own.low) this.#own.publish(this.#position);
    this.#fence.enter();
    return isBusy(this.#headers[at >> 2]!);
  }

  /** Reads the producer's position; if it has not moved, publishes and reads again, for the same reason. */
  #lookAgain(): boolean {
    if (this.#position === this.#own.low) {
      // Nothing is pending, so whoever read the ring in the meantime may have moved on.
      this.#position = this.#own.load();
      this.#ready = this.#position;
    } else if (this.#peer.low() === this.#position) {
      this.#own.publish(this.#position);
    }
    this.#produced = this.#producer.load(this.#position);
    if (this.#produced === this.#position) return false;
    // Pairs with the producer's store-release of its position: the headers before it are seen.
    this.#fence.pass();
    return true;
  }

  #badHeader(header: number): EbpfError {
    const left = (this.#produced - this.#position) >>> 0;
    return this.#poisoned(lengthFault(header, this.consumerPosition, left));
  }

  #poisoned(fault: string): EbpfError {
    this.#poison = brokenError(this.name, fault);
    return this.#poison;
  }

  #checkUse(): void {
    this.#checkOpen();
    if (this.#poison !== undefined) throw this.#poison;
    if (this.#draining) throw drainingError(this.name);
  }

  #checkOpen(): void {
    if (!this.open) throw closedError(this.name);
  }
}
