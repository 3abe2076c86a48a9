import { checkOptions } from "../../base/check-options.ts";
import { aFunction } from "../../base/checks.ts";
import { ReadFence } from "../../base/read-fence.ts";
import { type ConsumerDrainOptions, consumerDrainChecks, type DrainResult } from "../drain-options.ts";
import type { EbpfError } from "../../base/errors.ts";
import { checkMemory } from "../check-memory.ts";
import type { EventConsumer } from "../event-consumer.ts";
import { brokenError, closedError, drainingError, lengthFault } from "../consumer-errors.ts";
import { OverwritePositions } from "./overwrite-positions.ts";
import { OverwriteScan } from "./overwrite-scan.ts";
import { type OnRecord, ringBusy, ringEmpty, ringSkipped } from "../reading.ts";
import { headerSize, isBusy, isDiscarded, payloadLength, recordSize } from "../record.ts";
import { RecordCopy } from "./record-copy.ts";
import type { RingMemory } from "../ring-memory.ts";

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
  readonly #headers: Int32Array;
  readonly #copy: RecordCopy;
  readonly #positions: OverwritePositions;
  readonly #scan: OverwriteScan;
  readonly #fence: ReadFence = new ReadFence();
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
    const copy = new RecordCopy(size);
    this.name = name;
    this.memory = {
      size,
      consumer,
      producer,
      data: copy.data,
      get open() {
        return memory.open;
      },
    };
    this.#ring = memory;
    this.#headers = new Int32Array(data.buffer, data.byteOffset, size >> 2);
    this.#copy = copy;
    this.#positions = new OverwritePositions(memory, memory.overwrite);
    this.#scan = new OverwriteScan(this.#headers, size, this.#positions, memory.overwrite);
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
    return this.#positions.exact;
  }

  /** As the other side wrote it, right or wrong. */
  get producerPosition(): bigint {
    this.#checkOpen();
    return this.#fence.load(this.#ring.producer);
  }

  /** Bytes that wait to be read and are not overwritten: what was copied, and what is in the ring. */
  get available(): number {
    if (!this.#ring.open) return 0;
    const copied = this.#copy.length;
    const oldest = Math.max(this.#positions.loadOverwrite(), this.#positions.position + copied);
    const inRing = Math.max(this.#positions.loadProducer() - oldest, 0);
    return Math.min(copied + inRing, this.size);
  }

  /** The offset in the copy of the next record's payload, or why there is none. Valid until the next call. */
  read(): number {
    this.#checkUse();
    for (let skips = 0; skips < maxSkips; skips += 1) {
      const offset = this.#step();
      if (offset !== ringSkipped || this.#copy.empty) return offset;
    }
    return ringSkipped;
  }

  /** Copies the committed records ahead, up to about 1/32 of the ring. Gives how many bytes they take, or why there are none. */
  lookAhead(): number {
    this.#checkUse();
    const lack = this.#copy.empty ? this.#fill() : 0;
    return lack === 0 ? this.#copy.length : lack;
  }

  /** As {@link read}, of the records that {@link lookAhead} copied. */
  readAhead(): number {
    this.#checkUse();
    while (!this.#copy.empty) {
      const offset = this.#stepCopied();
      if (offset !== ringSkipped) return offset;
    }
    return ringEmpty;
  }

  /** Records that were copied and not read yet. */
  get ahead(): number {
    return this.#copy.waiting;
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
    return { delivered: this.#received - received, discarded: this.#discarded - discarded, state };
  }

  /** Publishes the position. What was copied and not read is left to the ring. */
  flush(): void {
    if (!this.#ring.open) return;
    this.#positions.publish();
    this.#copy.clear();
  }

  /** Goes on where another consumer, which had the ring in the meantime, has come to. */
  resume(): void {
    if (!this.#ring.open) return;
    this.flush();
    this.#positions.resume();
  }

  /** Where the producer stands now, for {@link hasReached}. */
  mark(): number {
    this.#checkOpen();
    return this.#positions.loadProducer();
  }

  /** Whether everything before the mark was read, or is gone. */
  hasReached(mark: number): boolean {
    return this.#positions.position >= mark;
  }

  /** Ends the reading, also from within a drain's callback. Idempotent. */
  close(): void {
    if (!this.#draining) this.flush();
    this.#closed = true;
  }

  #run(onRecord: OnRecord, max: number, budgetMs: number, rescan: boolean): DrainResult["state"] {
    const { data } = this.#copy;
    const deadline = budgetMs === Infinity ? Infinity : performance.now() + budgetMs;
    this.flush();
    const mark = this.mark();
    let delivered = 0;
    let untilLook = recordsPerLook;
    for (;;) {
      if (!rescan && this.hasReached(mark)) return this.#positions.loadProducer() === mark ? "empty" : "limit";
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

  #step(): number {
    if (this.#copy.empty) {
      const lack = this.#fill();
      if (lack !== 0) return lack;
    }
    return this.#stepCopied();
  }

  /** One record on in the copy; there is one. */
  #stepCopied(): number {
    const copy = this.#copy;
    const at = copy.next;
    const header = copy.headerAt(at);
    const total = recordSize(payloadLength(header));
    // Checked when it was copied; a callback may have written there.
    if (total > copy.length) throw this.#badHeader(header, copy.length);
    copy.next = at + total;
    this.#positions.position += total;
    if (isDiscarded(header)) {
      this.#discarded += 1;
      return ringSkipped;
    }
    copy.waiting -= 1;
    this.#received += 1;
    this.#length = payloadLength(header);
    return at + headerSize;
  }

  /** Copies the next records. Gives 0, or why there are none. */
  #fill(): number {
    const positions = this.#positions;
    for (let look = 0; look < maxLooks; look += 1) {
      const lack = this.#find();
      if (lack === ringSkipped) continue;
      if (lack !== 0) return lack;
      const { offset } = positions;
      const scanned = this.#scan.run(offset);
      if (scanned > 0) this.#copy.data.set(this.#ring.data.subarray(offset, offset + scanned));
      this.#fence.pass();
      const gone = Math.max(positions.loadOverwrite() - positions.position, 0);
      if (gone < scanned) return this.#keep(gone, scanned);
      if (scanned < 0 && gone === 0) {
        throw this.#badHeader(this.#headers[offset >> 2]!, positions.produced - positions.position);
      }
      if (scanned === 0 && gone === 0 && this.#isStillBusy(offset)) return ringBusy;
    }
    return ringSkipped;
  }

  /** Finds how far the producer is. Gives 0, {@link ringEmpty}, or {@link ringSkipped} for one that passed by meanwhile. */
  #find(): number {
    const positions = this.#positions;
    if (positions.position === positions.published) positions.resume();
    positions.produced = positions.loadProducer();
    if (!positions.exactNumbers) throw this.#poisoned("its positions have jumped by more than 2^53 bytes");
    if (positions.produced === positions.position) {
      // Pairs with the commit, which changes the header and then reads this position to see whether somebody sleeps here.
      positions.publish();
      positions.produced = positions.loadProducer();
      if (positions.produced === positions.position) return ringEmpty;
    }
    // Loaded after the producer position, which is stored after it: never too old, but perhaps too new.
    const overwritten = positions.loadOverwrite();
    if (overwritten > positions.produced) {
      if (overwritten <= positions.loadProducer()) return ringSkipped;
      throw this.#poisoned("its overwrite position is beyond its producer position");
    }
    this.#skip(overwritten - positions.position);
    const fault = positions.fault();
    if (fault !== undefined) throw this.#poisoned(fault);
    return 0;
  }

  /** Passes what is gone, if anything is. */
  #skip(gone: number): void {
    if (gone <= 0) return;
    this.#overwritten += gone;
    this.#positions.position += gone;
  }

  /** Takes over what was copied of the first `end` bytes, but for what is gone. Gives 0. */
  #keep(gone: number, end: number): number {
    this.#skip(gone);
    const bad = this.#copy.keep(gone, end);
    if (bad >= 0) throw this.#badHeader(this.#copy.headerAt(bad), end - bad);
    return 0;
  }

  #isStillBusy(offset: number): boolean {
    this.#positions.publish();
    this.#fence.enter();
    const busy = isBusy(this.#headers[offset >> 2]!);
    // What is busy cannot be overwritten; a header that is read in its place may look so.
    return busy && this.#positions.loadOverwrite() <= this.#positions.position;
  }

  #badHeader(header: number, left: number): EbpfError {
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
