import { EbpfError } from "../errors.ts";
import { checkMemory } from "./check-memory.ts";
import { type DrainLimits, type DrainResult, type OnRecord, ringBusy, ringEmpty, ringSkipped } from "./consumer.ts";
import type { EventConsumer } from "./event-consumer.ts";
import { headerSize, isBusy, isDiscarded, payloadLength, recordSize } from "./record.ts";
import type { RingMemory } from "./ring-memory.ts";

/** How many records pass between two looks at the clock. */
const recordsPerLook = 32;
/** How many discarded records {@link OverwriteConsumer.read} passes in one call. */
const maxSkips = 1024;
/** How often a look that the producer overtook is taken again, before the caller gets a turn. */
const maxLooks = 16;

/**
 * The reading side of a ring whose producer does not wait (BPF_F_RB_OVERWRITE, Linux 6.19), over any memory.
 *
 * ```text
 *             overwrite position       consumer        producer
 *   ──────────┬────────────────────────┬───────────────┬──────►
 *     gone    │ may be overwritten at any moment       │ free
 * ```
 * A record can go while it is read. So records are copied in batches, and the overwrite position, which the producer stores before
 * it writes, is looked at afterwards: what it has passed is thrown away and counted, and the rest of the copy is whole. (The
 * kernel orders that store before the payload on x86 only by the processor's own rule; arm64 promises less.)
 *
 * What is gone is counted in bytes, headers and discarded records included: nobody can tell any more how many records it was.
 */
export class OverwriteConsumer implements EventConsumer {
  /** For errors. */
  readonly name: string;
  /** The data here is the copy. */
  readonly memory: RingMemory;
  readonly #ring: RingMemory;
  readonly #overwrite: BigUint64Array;
  /** The low word first: enough to see whether it has changed. */
  readonly #overwriteWords: Int32Array;
  readonly #headers: Int32Array;
  /** As large as the ring, for a record may be; pages of it that are never used cost nothing. */
  readonly #copy: Uint8Array;
  readonly #copiedHeaders: Int32Array;
  readonly #batch: number;
  readonly #barrier: Int32Array = new Int32Array(1);
  /** Where this side stood at first. Positions are counted from there as plain numbers: exact for 100 days at 1 GB/s. */
  readonly #base: bigint;
  #position = 0;
  #published = 0;
  #produced = 0;
  /** The rest of the copy: offsets in it. */
  #next = 0;
  #end = 0;
  /** Records in it that are to be handed out. */
  #waiting = 0;
  #length = 0;
  #received = 0;
  #discarded = 0;
  #overwritten = 0;
  #draining = false;
  #closed = false;
  #poison: EbpfError | undefined;

  constructor(memory: RingMemory, name = "buffer") {
    checkMemory(memory);
    if (memory.overwrite === undefined) throw new RangeError("This ring has no overwrite position");
    const { size, consumer, producer, data } = memory;
    const copy = new Uint8Array(size);
    this.name = name;
    this.memory = {
      size,
      consumer,
      producer,
      data: copy,
      get open() {
        return memory.open;
      },
    };
    this.#ring = memory;
    this.#overwrite = memory.overwrite;
    this.#overwriteWords = new Int32Array(memory.overwrite.buffer, memory.overwrite.byteOffset, 2);
    this.#headers = new Int32Array(data.buffer, data.byteOffset, size >> 2);
    this.#copy = copy;
    this.#copiedHeaders = new Int32Array(copy.buffer);
    this.#batch = Math.max(size >>> 5, headerSize);
    this.#base = Atomics.load(consumer, 0);
  }

  get size(): number {
    return this.#ring.size;
  }

  get open(): boolean {
    return !this.#closed && this.#ring.open;
  }

  /** Records handed out so far. */
  get received(): number {
    return this.#received;
  }

  /** Records passed so far that their producer had discarded. */
  get discarded(): number {
    return this.#discarded;
  }

  /** Bytes that were overwritten before they were read, as far as this side has come. */
  get overwritten(): number {
    return this.#overwritten;
  }

  /** Payload length of the record that {@link read} gave last. */
  get length(): number {
    return this.#length;
  }

  get consumerPosition(): bigint {
    return this.#exact(this.#position);
  }

  /** As the other side wrote it, right or wrong. */
  get producerPosition(): bigint {
    this.#checkOpen();
    return Atomics.load(this.#ring.producer, 0);
  }

  /** Bytes that wait to be read and are not overwritten: what was copied, and what is in the ring. */
  get available(): number {
    if (!this.#ring.open) return 0;
    const oldest = Math.max(this.#load(this.#overwrite), this.#position + this.#end - this.#next);
    const inRing = Math.max(this.#load(this.#ring.producer) - oldest, 0);
    return Math.min(this.#end - this.#next + inRing, this.size);
  }

  /** The offset in the copy of the next record's payload, or why there is none. Valid until the next call. */
  read(): number {
    this.#checkUse();
    for (let skips = 0; skips < maxSkips; skips += 1) {
      const offset = this.#step();
      if (offset !== ringSkipped || this.#next === this.#end) return offset;
    }
    return ringSkipped;
  }

  /** Copies the committed records ahead, up to about 1/32 of the ring. Gives how many bytes they take, or why there are none. */
  lookAhead(): number {
    this.#checkUse();
    const lack = this.#next === this.#end ? this.#fill() : 0;
    return lack === 0 ? this.#end - this.#next : lack;
  }

  /** As {@link read}, of the records that {@link lookAhead} copied. */
  readAhead(): number {
    this.#checkUse();
    while (this.#next !== this.#end) {
      const offset = this.#stepCopied();
      if (offset !== ringSkipped) return offset;
    }
    return ringEmpty;
  }

  /** Records that were copied and not read yet. */
  get ahead(): number {
    return this.#waiting;
  }

  /** Hands out every record there is, within the limits. What the callback throws passes through, after its record. */
  drain(onRecord: OnRecord, limits: DrainLimits = {}): DrainResult {
    const { max = Infinity, budgetMs = Infinity, rescan = true } = limits;
    if (!(max > 0) || !(budgetMs >= 0)) {
      throw new RangeError(`The limits of a drain must be positive, not max ${max} and budgetMs ${budgetMs}`);
    }
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
    return { delivered: this.#received - received, discarded: this.#discarded - discarded, state };
  }

  /** Publishes the position. What was copied and not read is left to the ring. */
  flush(): void {
    if (!this.#ring.open) return;
    this.#publish();
    this.#next = this.#end = 0;
    this.#waiting = 0;
  }

  /** Goes on where another consumer, which had the ring in the meantime, has come to. */
  resume(): void {
    if (!this.#ring.open) return;
    this.flush();
    this.#position = this.#published = this.#load(this.#ring.consumer);
  }

  /** Where the producer stands now, for {@link hasReached}. */
  mark(): number {
    this.#checkOpen();
    return this.#load(this.#ring.producer);
  }

  /** Whether everything before the mark was read, or is gone. */
  hasReached(mark: number): boolean {
    return this.#position >= mark;
  }

  /** Ends the reading, also from within a drain's callback. Idempotent. */
  close(): void {
    if (!this.#draining) this.flush();
    this.#closed = true;
  }

  #run(onRecord: OnRecord, max: number, budgetMs: number, rescan: boolean): DrainResult["state"] {
    const deadline = budgetMs === Infinity ? Infinity : performance.now() + budgetMs;
    this.flush();
    const mark = this.mark();
    let delivered = 0;
    let untilLook = recordsPerLook;
    for (;;) {
      if (!rescan && this.#position >= mark) return this.#load(this.#ring.producer) === mark ? "empty" : "limit";
      const offset = this.#step();
      if (offset >= 0) {
        if (onRecord(this.#copy, offset, this.#length) === false || !this.open) return "stopped";
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

  #step(): number {
    if (this.#next === this.#end) {
      const lack = this.#fill();
      if (lack !== 0) return lack;
    }
    return this.#stepCopied();
  }

  /** One record on in the copy; there is one. */
  #stepCopied(): number {
    const at = this.#next;
    const header = this.#copiedHeaders[at >> 2]!;
    const total = recordSize(payloadLength(header));
    // Checked when it was copied; a callback may have written there.
    if (total > this.#end - at) throw this.#badHeader(header, this.#end - at);
    this.#next = at + total;
    this.#position += total;
    if (isDiscarded(header)) {
      this.#discarded += 1;
      return ringSkipped;
    }
    this.#waiting -= 1;
    this.#received += 1;
    this.#length = payloadLength(header);
    return at + headerSize;
  }

  /** Copies the next records. Gives 0, or why there are none. */
  #fill(): number {
    for (let look = 0; look < maxLooks; look += 1) {
      const lack = this.#find();
      if (lack === ringSkipped) continue;
      if (lack !== 0) return lack;
      const offset = this.#offset();
      const scanned = this.#scan(offset);
      if (scanned > 0) this.#copy.set(this.#ring.data.subarray(offset, offset + scanned));
      this.#fence();
      const gone = Math.max(this.#load(this.#overwrite) - this.#position, 0);
      if (gone < scanned) {
        this.#skip(gone);
        return this.#keep(gone, scanned);
      }
      if (scanned < 0 && gone === 0)
        throw this.#badHeader(this.#headers[offset >> 2]!, this.#produced - this.#position);
      if (scanned === 0 && gone === 0 && this.#isStillBusy(offset)) return ringBusy;
    }
    return ringSkipped;
  }

  /** Finds how far the producer is. Gives 0, {@link ringEmpty}, or {@link ringSkipped} for one that passed by meanwhile. */
  #find(): number {
    if (this.#position === this.#published) this.#position = this.#published = this.#load(this.#ring.consumer);
    this.#produced = this.#load(this.#ring.producer);
    if (this.#produced === this.#position) {
      // Pairs with the commit, which changes the header and then reads this position to see whether somebody sleeps here.
      this.#publish();
      this.#produced = this.#load(this.#ring.producer);
      if (this.#produced === this.#position) return ringEmpty;
    }
    // Loaded after the producer position, which is stored after it: never too old, but perhaps too new.
    const overwritten = this.#load(this.#overwrite);
    if (overwritten > this.#produced) {
      if (overwritten <= this.#load(this.#ring.producer)) return ringSkipped;
      throw this.#poisoned("its overwrite position is beyond its producer position");
    }
    this.#skip(overwritten - this.#position);
    const fault = this.#fault();
    if (fault !== undefined) throw this.#poisoned(fault);
    return 0;
  }

  /** Passes what is gone, if anything is. */
  #skip(gone: number): void {
    if (gone <= 0) return;
    this.#overwritten += gone;
    this.#position += gone;
  }

  /**
   * Bytes of the committed records ahead, up to the one that passes the end of the ring; 0 when there is none, -1 when the first
   * header is impossible. Each header tells where the next one is, so it counts only if it was not overwritten when it was read.
   */
  #scan(offset: number): number {
    const words = this.#overwriteWords;
    const produced = this.#produced - this.#position;
    const limit = Math.min(produced, this.#batch, this.size - offset);
    let seen = Atomics.load(words, 0);
    if (this.#load(this.#overwrite) > this.#position) return 0;
    let length = 0;
    while (length < limit) {
      const header = Atomics.load(this.#headers, (offset + length) >> 2);
      const now = Atomics.load(words, 0);
      if (now !== seen) {
        if (this.#load(this.#overwrite) > this.#position + length) return length;
        seen = now;
      }
      const total = recordSize(payloadLength(header));
      if (total > produced - length) return length === 0 ? -1 : length;
      if (isBusy(header)) return length;
      length += total;
    }
    return length;
  }

  /** Takes over a part of the copy, which nobody changes any more, and counts its records. Gives 0. */
  #keep(start: number, end: number): number {
    let count = 0;
    for (let at = start; at < end;) {
      const header = this.#copiedHeaders[at >> 2]!;
      const total = recordSize(payloadLength(header));
      if (isBusy(header) || total > end - at) throw this.#badHeader(header, end - at);
      if (!isDiscarded(header)) count += 1;
      at += total;
    }
    this.#next = start;
    this.#end = end;
    this.#waiting = count;
    return 0;
  }

  #isStillBusy(offset: number): boolean {
    this.#publish();
    const busy = isBusy(Atomics.load(this.#headers, offset >> 2));
    // What is busy cannot be overwritten; a header that is read in its place may look so.
    return busy && this.#load(this.#overwrite) <= this.#position;
  }

  /** Loads before it stay before it, and loads after it after. Plain loads follow no order by themselves. */
  #fence(): void {
    Atomics.store(this.#barrier, 0, 0);
    Atomics.load(this.#barrier, 0);
  }

  #publish(): void {
    if (this.#position === this.#published) return;
    Atomics.store(this.#ring.consumer, 0, this.consumerPosition);
    this.#published = this.#position;
  }

  #offset(): number {
    return Number(this.consumerPosition & BigInt(this.size - 1));
  }

  /** A position, counted from the base. */
  #load(position: BigUint64Array): number {
    return Number(BigInt.asIntN(64, Atomics.load(position, 0) - this.#base));
  }

  #exact(position: number): bigint {
    return BigInt.asUintN(64, this.#base + BigInt(position));
  }

  #fault(): string | undefined {
    const ahead = this.#produced - this.#position;
    const at = `the producer position ${this.#exact(this.#produced)}`;
    if (this.#exact(this.#produced) % 8n !== 0n) return `${at} is not a multiple of 8`;
    if (ahead % 8 !== 0) return `the consumer position ${this.consumerPosition} is not a multiple of 8`;
    if (ahead < 0) return `${at} is behind the consumer position ${this.consumerPosition}`;
    if (ahead > this.size) return `${at} is more than the ring's ${this.size} bytes ahead of what is not overwritten`;
    return undefined;
  }

  #badHeader(header: number, left: number): EbpfError {
    const length = payloadLength(header);
    return this.#poisoned(
      `the record at position ${this.consumerPosition} claims ${length} bytes, but with its header only ${left} bytes were produced from there`,
    );
  }

  #poisoned(fault: string): EbpfError {
    this.#poison = new EbpfError(
      "BAD_RING",
      `Cannot read ring ${this.name}: ${fault}; its producer is broken, make the ring anew`,
    );
    return this.#poison;
  }

  #checkUse(): void {
    this.#checkOpen();
    if (this.#poison !== undefined) throw this.#poison;
    if (this.#draining) {
      throw new EbpfError(
        "BUSY",
        `Cannot read ring ${this.name}: it is being drained, and this is that drain's callback`,
      );
    }
  }

  #checkOpen(): void {
    if (!this.open) throw new EbpfError("CLOSED", `Cannot read ring ${this.name}: it is closed`);
  }
}
