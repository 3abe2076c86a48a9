import { EbpfError } from "../../base/errors.ts";
import { ReadFence } from "../../base/read-fence.ts";
import { OwnPosition, PeerPosition } from "../position.ts";
import { checkPerfMemory, type PerfMemory } from "./perf-memory.ts";
import {
  badRing,
  checkRecordSize,
  isSample,
  lostCount,
  perfPayloadAt,
  sampleLength,
  statedSize,
} from "./perf-record.ts";

/** Sizes are 16 bits. */
const longestRecord = 65536;

/**
 * The reader of one CPU's perf ring. A sample is read where it stands; one that passes the end of the ring is put together in memory
 * of its own. The tail is published per batch ({@link flush}), and at the latest each 1/8 of the ring.
 *
 * The kernel writes the ring, so that nothing impossible should stand in it. What does is BAD_RING all the same, and nothing outside
 * the ring is read.
 */
export class PerfConsumer {
  /** For errors. */
  readonly name: string;
  readonly #memory: PerfMemory;
  readonly #mask: number;
  readonly #batch: number;
  readonly #own: OwnPosition;
  readonly #peer: PeerPosition;
  readonly #fence: ReadFence = new ReadFence();
  readonly #ring: DataView;
  readonly #scratch: Uint8Array = new Uint8Array(longestRecord);
  readonly #scratchView: DataView = new DataView(this.#scratch.buffer);
  /** Low words: up to where this side has read, and up to where there is something to read. */
  #position = 0;
  #produced = 0;
  #wrapped = false;
  #offset = 0;
  #length = 0;
  #received = 0;
  #lost = 0;

  constructor(memory: PerfMemory, name: string) {
    checkPerfMemory(memory);
    this.name = name;
    this.#memory = memory;
    this.#mask = memory.size - 1;
    this.#batch = memory.size >>> 3;
    this.#own = new OwnPosition(memory.tail);
    this.#peer = new PeerPosition(memory.head);
    this.#ring = new DataView(memory.data.buffer, memory.data.byteOffset, memory.size);
    this.#position = this.#own.low;
    this.#produced = this.#position;
  }

  get size(): number {
    return this.#mask + 1;
  }

  /** Samples handed out. */
  get received(): number {
    return this.#received;
  }

  /** Events that the kernel had no room for, as far as it told: it does so with the next event that finds room. */
  get lost(): number {
    return this.#lost;
  }

  /** Bytes that wait to be read, headers included. */
  get available(): number {
    this.#look();
    return (this.#produced - this.#position) | 0;
  }

  /** Moves to the next sample; false when there is none. It stays where it is until the next call, or {@link flush}. */
  next(): boolean {
    this.#checkOpen();
    for (;;) {
      if (this.#position === this.#produced && !this.#look()) {
        this.flush();
        return false;
      }
      if (this.#take()) return true;
    }
  }

  /** True when a sample is next. Records before it that are none are read. */
  seek(): boolean {
    for (;;) {
      if (this.#position === this.#produced && !this.#look()) {
        this.flush();
        return false;
      }
      if (isSample(this.#ring, this.#position & this.#mask)) return true;
      this.#take();
    }
  }

  /** What the sample's {@link offset} counts in: the ring, or memory for a sample that passes its end. */
  get view(): DataView {
    return this.#wrapped ? this.#scratchView : this.#ring;
  }

  get wrapped(): boolean {
    return this.#wrapped;
  }

  get scratch(): Uint8Array {
    return this.#scratch;
  }

  /** Where the bytes of the program begin. */
  get offset(): number {
    return this.#offset;
  }

  /** How many they are: up to 7 more than the program wrote, since the kernel pads. */
  get length(): number {
    return this.#length;
  }

  /** A place to stop at: everything that is there now. */
  mark(): number {
    this.#look();
    return this.#produced;
  }

  /** The same for what was seen to be there, up to 1/8 of the ring, so that a batch ends. */
  markBatch(): number {
    return (this.#position + Math.min((this.#produced - this.#position) | 0, this.#batch)) | 0;
  }

  hasReached(mark: number): boolean {
    return ((mark - this.#position) | 0) <= 0;
  }

  /** Gives what was read back to the kernel. */
  flush(): void {
    if (this.#memory.open && this.#position !== this.#own.low) this.#own.publish(this.#position);
  }

  /** True when there is more than before. Pairs with the kernel's store of data_head after its record (perf_output_put_handle). */
  #look(): boolean {
    this.#checkOpen();
    const head = this.#peer.low();
    const ahead = (head - this.#position) | 0;
    if ((head & 7) !== 0 || ahead < 0 || ahead > this.size || this.#isFar()) throw this.#badHead();
    this.#produced = head;
    if (ahead === 0) return false;
    this.#fence.pass();
    return true;
  }

  /** The high word is the reader's own, or one more. */
  #isFar(): boolean {
    const turns = (this.#peer.high() - this.#own.highOf(this.#position)) | 0;
    return turns !== 0 && turns !== 1;
  }

  #badHead(): EbpfError {
    const tail = this.#own.exactOf(this.#position);
    return badRing(
      this.name,
      `its head ${this.#peer.exact()} is impossible with ${this.size} bytes and a tail of ${tail}`,
    );
  }

  /** Takes one record; true when it is a sample. */
  #take(): boolean {
    const at = this.#position & this.#mask;
    const available = (this.#produced - this.#position) | 0;
    // Aligned to 8 as its start is, the header never passes the end.
    const size = statedSize(this.#ring, at);
    checkRecordSize(size, available, this.name);
    this.#wrapped = at + size > this.size;
    if (this.#wrapped) this.#unwrap(at, size);
    const start = this.#wrapped ? 0 : at;
    const sample = isSample(this.view, start);
    if (sample) {
      this.#length = sampleLength(this.view, start, size, this.name);
      this.#offset = start + perfPayloadAt;
      this.#received += 1;
    } else {
      this.#lost += lostCount(this.view, start, size, this.name);
    }
    // The record before this one is not needed any more.
    if (((this.#position - this.#own.low) | 0) >= this.#batch) this.flush();
    this.#position = (this.#position + size) | 0;
    return sample;
  }

  #unwrap(at: number, size: number): void {
    const { data } = this.#memory;
    const first = this.size - at;
    this.#scratch.set(data.subarray(at, this.size), 0);
    this.#scratch.set(data.subarray(0, size - first), first);
  }

  #checkOpen(): void {
    if (!this.#memory.open) throw new EbpfError("CLOSED", `Cannot read perf ring ${this.name}: it is closed`);
  }
}
