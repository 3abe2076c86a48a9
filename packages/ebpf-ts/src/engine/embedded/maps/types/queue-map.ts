import { MapFlag, MapType, UpdateFlag } from "../../../../uapi/uapi.gen.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { SharedLock } from "../../../../memory/shared-lock.ts";
import type { MachineMapImage } from "../../machine/image.ts";
import type { MachineMap } from "../../machine/machine-map.ts";
import { refuse, type MapImplementation, type MapImplementations } from "../../machine/map-implementation.ts";
import { KeylessMap } from "../../rings/keyless-map.ts";
import { checkKey, checkValueSize } from "../map-checks.ts";

/*
 * In memory that no program reaches:
 *
 *   0 lock   1 head, where the next value goes   2 tail, where the oldest stands   3 nothing
 *   16 …     maxEntries + 2 slots in a circle, of valueSize bytes each
 *
 * One slot is always free, since head == tail is an empty map. The other is for a push in place of the oldest: the value is there before the
 * oldest goes. So every change is one store, which comes last; where a thread is ended between two, the map has one value too many, and
 * whoever locks it next drops the oldest.
 */
const lockWord = 0;
const headWord = 1;
const tailWord = 2;
const headerBytes = 16;

function slotCount(maxEntries: number): number {
  return maxEntries + 2;
}

/** BPF_MAP_TYPE_QUEUE and BPF_MAP_TYPE_STACK; kernel/bpf/queue_stack_maps.c is the model. */
export class QueueMap extends KeylessMap implements MachineMap {
  readonly #isStack: boolean;
  readonly #slots: number;
  readonly #words: Int32Array;
  readonly #values: Uint8Array;
  readonly #lock: SharedLock;

  constructor(image: MachineMapImage, memory: ArrayBufferLike) {
    const isStack = image.type === MapType.STACK;
    super(image, `a ${isStack ? "stack" : "queue"} has no keys`, Errno.EINVAL);
    this.#isStack = isStack;
    this.#slots = slotCount(image.maxEntries);
    this.#words = new Int32Array(memory, image.state, headerBytes / 4);
    this.#values = new Uint8Array(memory, image.state + headerBytes, this.#slots * image.valueSize);
    this.#lock = new SharedLock(this.#words, lockWord, `map ${image.name}`);
  }

  /** BPF_EXIST: when it is full, the oldest makes room. */
  push(value: Uint8Array, flags: number): number {
    if (flags !== UpdateFlag.ANY && flags !== UpdateFlag.EXIST) return -Errno.EINVAL;
    this.#acquire();
    try {
      const isFull = this.#count() === this.image.maxEntries;
      if (isFull && flags !== UpdateFlag.EXIST) return -Errno.E2BIG;
      const head = this.#words[headWord]!;
      this.#values.set(value, head * this.image.valueSize);
      Atomics.store(this.#words, headWord, this.#after(head));
      if (isFull) this.#dropOldest();
      return 0;
    } finally {
      this.#lock.release();
    }
  }

  peek(into: Uint8Array): number {
    return this.#next(into, false);
  }

  pop(into: Uint8Array): number {
    return this.#next(into, true);
  }

  override read(key: Uint8Array): Uint8Array | undefined {
    return this.#nextFor(key, false);
  }

  take(key: Uint8Array): Uint8Array | undefined {
    return this.#nextFor(key, true);
  }

  override write(key: Uint8Array, value: Uint8Array, flags: number): number {
    const fits = key.length === 0 && value.length === this.image.valueSize;
    return fits ? this.push(value, flags) : -Errno.EINVAL;
  }

  #nextFor(key: Uint8Array, leaves: boolean): Uint8Array | undefined {
    checkKey(this.image, key);
    const value = new Uint8Array(this.image.valueSize);
    return this.#next(value, leaves) === 0 ? value : undefined;
  }

  #next(into: Uint8Array, leaves: boolean): number {
    this.#acquire();
    try {
      const head = this.#words[headWord]!;
      const tail = this.#words[tailWord]!;
      if (head === tail) {
        into.fill(0);
        return -Errno.ENOENT;
      }
      const slot = this.#isStack ? this.#before(head) : tail;
      const start = slot * this.image.valueSize;
      into.set(this.#values.subarray(start, start + this.image.valueSize));
      if (!leaves) return 0;
      if (this.#isStack) Atomics.store(this.#words, headWord, slot);
      else this.#dropOldest();
      return 0;
    } finally {
      this.#lock.release();
    }
  }

  #acquire(): void {
    if (this.#lock.acquire() && this.#count() > this.image.maxEntries) this.#dropOldest();
  }

  #dropOldest(): void {
    Atomics.store(this.#words, tailWord, this.#after(this.#words[tailWord]!));
  }

  #count(): number {
    const distance = this.#words[headWord]! - this.#words[tailWord]!;
    return distance < 0 ? distance + this.#slots : distance;
  }

  #after(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1;
  }

  #before(slot: number): number {
    return (slot === 0 ? this.#slots : slot) - 1;
  }
}

const queue: MapImplementation = {
  flags: MapFlag.NUMA_NODE | MapFlag.RDONLY_PROG,
  shape(spec) {
    if (spec.keySize !== 0 || spec.valueSize === 0 || spec.maxEntries === 0)
      throw refuse(spec, "a queue or a stack has no key, a value, and at least one entry");
    checkValueSize(spec);
    const stateBytes = headerBytes + slotCount(spec.maxEntries) * spec.valueSize;
    return { maxEntries: spec.maxEntries, valueBytes: 0, access: "machine", stateBytes };
  },
  open: (image, memory) => new QueueMap(image, memory),
};

export const implementations: MapImplementations = [
  [MapType.QUEUE, queue],
  [MapType.STACK, queue],
];
