import { linuxMetaPages } from "../../../ring/codec/ring-layout.ts";
import type { RingMemory } from "../../../ring/ring-memory.ts";
import { EbpfError } from "../../../base/errors.ts";
import { isAlive, ownThread } from "../../../base/thread-lives.ts";
import { RingBufFlag, RingBufHeader, RingBufQuery } from "../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../machine/image.ts";
import type { MachineRing } from "../machine/machine-map.ts";
import { RB_OVERWRITE_POS } from "../../../uapi/ring-overwrite.ts";
import { Errno } from "../../../uapi/errno.ts";
import { roundUp8 } from "../memory/round-up.ts";
import { ringPage, type RingState } from "./ring-state.ts";

/** RINGBUF_MAX_RECORD_SZ: UINT_MAX / 4. */
const largestRecord = 0x3fff_ffff;
const busyBit = RingBufHeader.BUSY_BIT | 0;
const discardBit = RingBufHeader.DISCARD_BIT;
const lengthMask = 0x3fff_ffff;
const headerSize = RingBufHeader.HDR_SZ;

const noWakeup = BigInt(RingBufFlag.NO_WAKEUP);
const forceWakeup = BigInt(RingBufFlag.FORCE_WAKEUP);
const knownFlags = noWakeup | forceWakeup;

/** Milliseconds that a record is in the way before one asks whether its thread lives. */
const doubt = 2;

/** The program's side of an event ring; kernel/bpf/ringbuf.c is the model, function by function. */
export class EventRing implements MachineRing {
  readonly #name: string;
  readonly #address: number;
  readonly #state: RingState;
  /** The oldest record that is not committed, at the last look, and since when it has been that. */
  #seenAt = -1n;
  #seenSince = 0;

  constructor(image: MachineMapImage, state: RingState) {
    this.#name = image.name;
    this.#address = image.address;
    this.#state = state;
  }

  get memory(): RingMemory {
    return this.#state.memory;
  }

  get bell(): Int32Array {
    return this.#state.bell;
  }

  get refused(): number {
    return Number(Atomics.load(this.#state.refused, 0));
  }

  reserve(size: number, flags: bigint): number {
    if (flags !== 0n) return 0;
    const address = this.#reserve(size, this.#state.mask);
    if (address === 0) this.#countRefused();
    return address;
  }

  submit(address: number, flags: bigint): void {
    this.#commit(address, flags, 0);
  }

  discard(address: number, flags: bigint): void {
    this.#commit(address, flags, discardBit);
  }

  output(data: Uint8Array, flags: bigint): number {
    if ((flags & ~knownFlags) !== 0n) {
      return -Errno.EINVAL;
    }
    const result = this.#output(data, flags, this.#state.mask);
    if (result !== 0) this.#countRefused();
    return result;
  }

  inject(data: Uint8Array, leaveFree: number): number {
    const most = this.#state.size - leaveFree;
    return this.#output(data, 0n, BigInt(Math.min(most, this.#state.size - 1)));
  }

  #output(data: Uint8Array, flags: bigint, most: bigint): number {
    const address = this.#reserve(data.length, most);
    if (address === 0) {
      return -Errno.EAGAIN;
    }
    this.#state.memory.data.set(data, address - this.#address);
    this.#commit(address, flags, 0);
    return 0;
  }

  query(flags: bigint): bigint {
    const { consumer, producer } = this.#state;
    const { overwrite } = this.memory;
    switch (flags) {
      case BigInt(RingBufQuery.AVAIL_DATA): {
        const consumed = Atomics.load(consumer, 0);
        const overwritten = overwrite === undefined ? consumed : Atomics.load(overwrite, 0);
        const from = overwritten > consumed ? overwritten : consumed;
        return BigInt.asUintN(64, Atomics.load(producer, 0) - from);
      }
      case BigInt(RingBufQuery.RING_SIZE):
        return BigInt(this.#state.size);
      case BigInt(RingBufQuery.CONS_POS):
        return Atomics.load(consumer, 0);
      case BigInt(RingBufQuery.PROD_POS):
        return Atomics.load(producer, 0);
      case BigInt(RB_OVERWRITE_POS):
        return overwrite === undefined ? 0n : Atomics.load(overwrite, 0);
      default:
        return 0n;
    }
  }

  lengthAt(address: number): number {
    return this.#state.headers[this.#headerOffset(address) >>> 2]! & lengthMask;
  }

  /** `most`: bytes that may be taken afterwards, at most one less than the ring has. */
  #reserve(size: number, most: bigint): number {
    if (!(size >= 0 && size <= largestRecord)) {
      return 0;
    }
    const length = roundUp8(size + headerSize);
    if (length > this.#state.size) {
      return 0;
    }
    const consumer = Atomics.load(this.#state.consumer, 0);
    // Nothing to repair where it is taken over: all that was done before the store of the producer position is done again.
    this.#state.lock.acquire();
    try {
      return this.#reserveLocked(size, length, consumer, most);
    } finally {
      this.#state.lock.release();
    }
  }

  #countRefused(): void {
    Atomics.add(this.#state.refused, 0, 1n);
  }

  /**
   * Two spans must stay shorter than the ring: from the consumer to the new end, and from the oldest uncommitted record to
   * the new end. The second holds although the consumer's position is user space's to write, and may be a lie.
   * A ring that overwrites asks for the second only.
   */
  #reserveLocked(size: number, length: number, consumer: bigint, most: bigint): number {
    const { headers, mask } = this.#state;
    const producer = Atomics.load(this.#state.producer, 0);
    const next = BigInt.asUintN(64, producer + BigInt(length));
    if (BigInt.asUintN(64, producer - this.#state.pending[0]!) > mask) {
      // Only somebody who scribbles on positions or headers can bring this about: the ring stays full for good.
      return 0;
    }
    const pending = this.#advancePending(producer);
    const { overwrite } = this.#state.memory;
    const isFull = overwrite === undefined && BigInt.asUintN(64, next - consumer) > most;
    if (isFull || BigInt.asUintN(64, next - pending) > mask) {
      return 0;
    }
    if (overwrite !== undefined) this.#advanceOverwrite(overwrite, next);
    const offset = Number(producer & mask);
    headers[(offset >>> 2) + 1] = linuxMetaPages + Math.floor(offset / ringPage);
    headers[this.#ownerAt(offset >>> 2)] = ownThread();
    Atomics.store(headers, offset >>> 2, size | busyBit);
    // Pairs with the consumer's load of the producer position: the busy header is there before the record can be seen.
    Atomics.store(this.#state.producer, 0, next);
    return this.#address + offset + headerSize;
  }

  /** Gives up the oldest records, whole ones, until one that ends at `next` has room. All of them are committed. */
  #advanceOverwrite(overwrite: BigUint64Array, next: bigint): void {
    const { headers, mask } = this.#state;
    let position = overwrite[0]!;
    while (BigInt.asUintN(64, next - position) > mask) {
      const header = Atomics.load(headers, Number(position & mask) >>> 2);
      position = BigInt.asUintN(64, position + BigInt(roundUp8((header & lengthMask) + headerSize)));
    }
    // Pairs with the consumer's load after it has copied: before anything is written over, it can be seen to be gone. A plain
    // store may pass an atomic one, but not an atomic load behind it.
    Atomics.store(overwrite, 0, position);
    Atomics.load(overwrite, 0);
  }

  /** Moves the pending position past all that is committed, towards `producer`. */
  #advancePending(producer: bigint): bigint {
    const { headers, mask, size } = this.#state;
    const start = this.#state.pending[0]!;
    const end = Number(BigInt.asUintN(64, producer - start));
    const from = Number(start & mask);
    let walked = 0;
    while (walked < end) {
      const at = ((from + walked) & (size - 1)) >>> 2;
      const header = Atomics.load(headers, at);
      if ((header & busyBit) !== 0 && !this.#discardAbandoned(at, header, start + BigInt(walked))) {
        break;
      }
      walked += roundUp8((header & lengthMask) + headerSize);
    }
    const pending = BigInt.asUintN(64, start + BigInt(walked));
    this.#state.pending[0] = pending;
    return pending;
  }

  /**
   * Discards a record that nobody will commit, since its thread was ended. A thread is asked after when its record has been in the way for
   * a while; under the lock.
   */
  #discardAbandoned(at: number, header: number, position: bigint): boolean {
    const { headers } = this.#state;
    const owner = headers[this.#ownerAt(at)]!;
    if (owner === ownThread()) return false;
    const now = performance.now();
    if (position !== this.#seenAt) {
      this.#seenAt = position;
      this.#seenSince = now;
    }
    if (now - this.#seenSince < doubt) return false;
    this.#seenSince = now;
    if (isAlive(owner)) return false;
    Atomics.store(headers, at, (header & lengthMask) | discardBit);
    // The consumer may sleep until just this one is committed.
    this.#state.wake();
    return true;
  }

  /** The thread that has reserved a record stands where the second half of the data would repeat its header: nothing else ever does. */
  #ownerAt(header: number): number {
    return (this.#state.size >>> 2) + header;
  }

  #commit(address: number, flags: bigint, discard: number): void {
    const { headers, consumer, mask } = this.#state;
    const offset = this.#headerOffset(address);
    const header = Atomics.load(headers, offset >>> 2);
    if ((header & busyBit) === 0) {
      throw this.#notReserved(address);
    }
    // Pairs with the consumer's load of the header: whoever sees the record committed sees its payload.
    Atomics.exchange(headers, offset >>> 2, (header ^ busyBit) | discard);
    // Loaded after the exchange, so that a consumer that stops at a busy record and this wake-up cannot miss each other.
    const caughtUp = Number(Atomics.load(consumer, 0) & mask) === offset;
    if ((flags & forceWakeup) !== 0n || (caughtUp && (flags & noWakeup) === 0n)) {
      this.#state.wake();
    }
  }

  #headerOffset(address: number): number {
    const offset = address - this.#address - headerSize;
    if (!(offset >= 0 && offset < this.#state.size && offset % 8 === 0)) {
      throw this.#notReserved(address);
    }
    return offset;
  }

  #notReserved(address: number): EbpfError {
    return new EbpfError("FAULT", `Address 0x${address.toString(16)} is not a reserved record of ring ${this.#name}`);
  }
}
