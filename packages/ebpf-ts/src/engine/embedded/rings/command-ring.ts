import type { RingMemory } from "../../../ring/ring-memory.ts";
import { EbpfError } from "../../../base/errors.ts";
import { isAlive, nobody, ownThread } from "../../../base/thread-lives.ts";
import { RingBufFlag, RingBufHeader } from "../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../machine/image.ts";
import type { MachineUserRing } from "../machine/machine-map.ts";
import { Errno } from "../../../uapi/errno.ts";
import { roundUp8 } from "../memory/round-up.ts";
import type { RingState } from "./ring-state.ts";

/** BPF_MAX_USER_RINGBUF_SAMPLES: of one drain, discarded ones included. */
const mostSamples = 128 * 1024;
/** DYNPTR_MAX_SIZE. */
const largestDynptr = 2 ** 24 - 1;
const busyBit = RingBufHeader.BUSY_BIT | 0;
const discardBit = RingBufHeader.DISCARD_BIT;
const lengthMask = 0x3fff_ffff;
const headerSize = RingBufHeader.HDR_SZ;

const noWakeup = BigInt(RingBufFlag.NO_WAKEUP);
const forceWakeup = BigInt(RingBufFlag.FORCE_WAKEUP);
const knownFlags = noWakeup | forceWakeup;

/** The program's side of a user ring: bpf_user_ringbuf_drain. Whatever user space wrote in it is hostile. */
export class CommandRing implements MachineUserRing {
  readonly #name: string;
  readonly #address: number;
  readonly #state: RingState;
  /** What the last {@link #peek} found: the byte offset of the record, and the length of its payload. */
  #offset = 0;
  #length = 0;

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

  drain(
    onSample: (address: number, size: number) => number,
    flags: bigint,
    pass: (samples: number) => void = () => {},
  ): number {
    if ((flags & ~knownFlags) !== 0n) {
      return -Errno.EINVAL;
    }
    if (!this.#begin()) {
      return -Errno.EBUSY;
    }
    const start = Atomics.load(this.#state.consumer, 0);
    try {
      return this.#drainAll(onSample, pass);
    } finally {
      const consumed = Atomics.load(this.#state.consumer, 0) !== start;
      Atomics.store(this.#state.drainer, 0, nobody);
      if ((flags & forceWakeup) !== 0n || (consumed && (flags & noWakeup) === 0n)) {
        this.#state.wake();
      }
    }
  }

  /**
   * False while another program drains, or the same one further out. From a thread that was ended in a drain it is taken over: the sample
   * that it was at counts as not consumed.
   */
  #begin(): boolean {
    const { drainer } = this.#state;
    const seen = Atomics.compareExchange(drainer, 0, nobody, ownThread());
    if (seen === nobody) return true;
    return !isAlive(seen) && Atomics.compareExchange(drainer, 0, seen, ownThread()) === seen;
  }

  #drainAll(onSample: (address: number, size: number) => number, pass: (samples: number) => void): number {
    let delivered = 0;
    let stop = false;
    for (let visited = 0; visited < mostSamples && !stop; visited++) {
      pass(1);
      const found = this.#peek();
      if (found === -Errno.ENODATA) {
        break;
      }
      if (found === -Errno.EAGAIN) {
        this.#advance(this.#length);
        continue;
      }
      if (found !== 0) {
        return found;
      }
      stop = this.#deliver(onSample);
      delivered++;
    }
    return delivered;
  }

  /** The sample counts as consumed when its callback has run, also when that ended in a fault: else it would come again for ever. */
  #deliver(onSample: (address: number, size: number) => number): boolean {
    const length = this.#length;
    let result: number;
    try {
      result = onSample(this.#address + this.#offset + headerSize, length);
    } finally {
      this.#advance(length);
    }
    if (result !== 0 && result !== 1) {
      throw new EbpfError(
        "FAULT",
        `The callback of a drain of ${this.#name} returned ${result}; only 0 (go on) and 1 (stop) are allowed`,
      );
    }
    return result === 1;
  }

  /** 0 with a sample, -EAGAIN with a discarded one, -ENODATA at the end, -EINVAL or -E2BIG on a broken ring; in the kernel's order. */
  #peek(): number {
    const { size, mask, headers } = this.#state;
    // Pairs with the producer's store at reserve time: the header is there before the position covers it.
    const producer = Atomics.load(this.#state.producer, 0);
    if ((producer & 7n) !== 0n) {
      return -Errno.EINVAL;
    }
    const consumer = Atomics.load(this.#state.consumer, 0);
    if (consumer >= producer) {
      return -Errno.ENODATA;
    }
    this.#offset = Number(consumer & mask);
    // Pairs with the producer's store of the header at submit: then the payload is complete. Read once, judged as read.
    const header = Atomics.load(headers, this.#offset >>> 2);
    this.#length = header & lengthMask;
    const total = roundUp8(this.#length + headerSize);
    if (BigInt(total) > producer - consumer) {
      return -Errno.EINVAL;
    }
    if (total > size || this.#length > largestDynptr) {
      return -Errno.E2BIG;
    }
    if ((header & discardBit) !== 0) {
      return -Errno.EAGAIN;
    }
    return (header & busyBit) === 0 ? 0 : -Errno.ENODATA;
  }

  /** Pairs with the producer's load of the consumer position: the room is free only after the callback has read it. */
  #advance(length: number): void {
    const consumer = Atomics.load(this.#state.consumer, 0);
    Atomics.store(this.#state.consumer, 0, BigInt.asUintN(64, consumer + BigInt(roundUp8(length + headerSize))));
  }
}
