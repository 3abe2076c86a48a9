import { mapKind } from "../../../../kinds/map-kinds.ts";
import type { MapSpec } from "../../../../spec/types.ts";
import { EbpfError } from "../../../../base/errors.ts";
import { MapFlag, MapType, UpdateFlag } from "../../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../../machine/image.ts";
import type { MachineMap } from "../../machine/machine-map.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { HashTable, hashTableBytes } from "../hash-table.ts";
import type { HashTableShape } from "../hash-table.ts";
import { checkKey, copiesOf } from "../map-checks.ts";
import { refuse, type MapImplementations, type MapShape } from "../../machine/map-implementation.ts";
import { isReadOnlyToPrograms, valueAccess } from "../value-access.ts";
import { ValueArea, valueStride } from "../value-area.ts";

/** The kernel's table has at most 2^31 buckets. */
const mostEntries = 2 ** 31;

/**
 * BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH and BPF_MAP_TYPE_LRU_HASH. All is planned up front, so that
 * BPF_F_NO_PREALLOC changes nothing.
 *
 * Two liberties. An update of a present key overwrites its value in place (the kernel puts a new element in the old one's
 * stead, and a program that looked it up before keeps the old one): a pointer from an earlier lookup sees the new value.
 * And LRU is exact: a program's lookup and every update make an entry the newest, bpf(2)'s lookups do not; the kernel
 * keeps to the same rule approximately, in batches.
 */
export class HashMap implements MachineMap {
  readonly image: MachineMapImage;
  readonly #bytes: Uint8Array;
  readonly #table: HashTable;
  readonly #values: ValueArea;

  constructor(image: MachineMapImage, memory: ArrayBufferLike, cpus: number) {
    const { perCpu } = mapKind(image.type);
    this.image = image;
    this.#bytes = new Uint8Array(memory);
    this.#table = new HashTable(memory, image.state, tableShape(image), image.name);
    this.#values = new ValueArea(image, memory, perCpu ? cpus : 1, perCpu);
  }

  lookup(key: number, cpu: number): number {
    this.#table.lock();
    try {
      const slot = this.#table.find(this.#bytes, key);
      if (slot < 0) {
        return 0;
      }
      this.#table.order?.touch(slot);
      return this.#values.addressOf(slot, cpu);
    } finally {
      this.#table.unlock();
    }
  }

  takeSteps(): number {
    const { steps } = this.#table;
    this.#table.steps = 0;
    return steps;
  }

  update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number {
    if (isReadOnlyToPrograms(this.image)) {
      return -Errno.EPERM;
    }
    return value.length === this.image.valueSize ? this.#store(key, value, flags, cpu) : -Errno.EINVAL;
  }

  write(key: Uint8Array, value: Uint8Array, flags: number): number {
    return value.length === this.#values.outerSize ? this.#store(key, value, flags, undefined) : -Errno.EINVAL;
  }

  /** In hexadecimal, the bytes in their order. */
  keyOf(slot: number): string {
    return Array.from(this.#table.keyOf(slot), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  }

  delete(key: Uint8Array): number {
    if (key.length !== this.image.keySize) {
      return -Errno.EINVAL;
    }
    this.#table.lock();
    try {
      const slot = this.#table.find(key);
      if (slot < 0) {
        return -Errno.ENOENT;
      }
      this.#table.remove(slot);
      return 0;
    } finally {
      this.#table.unlock();
    }
  }

  nextKey(key: Uint8Array | undefined): Uint8Array | undefined {
    if (key !== undefined) {
      checkKey(this.image, key);
    }
    this.#table.lock();
    try {
      const slot = this.#table.slotAfter(key);
      return slot < 0 ? undefined : this.#table.keyOf(slot);
    } finally {
      this.#table.unlock();
    }
  }

  read(key: Uint8Array): Uint8Array | undefined {
    checkKey(this.image, key);
    this.#table.lock();
    try {
      const slot = this.#table.find(key);
      return slot < 0 ? undefined : this.#values.read(slot);
    } finally {
      this.#table.unlock();
    }
  }

  take(key: Uint8Array): Uint8Array | undefined {
    checkKey(this.image, key);
    this.#table.lock();
    try {
      const slot = this.#table.find(key);
      if (slot < 0) {
        return undefined;
      }
      const value = this.#values.read(slot);
      this.#table.remove(slot);
      return value;
    } finally {
      this.#table.unlock();
    }
  }

  /** Goes bucket by bucket, and skips what was deleted since its bucket was looked at; so it ends, whatever the consumer does. */
  *entries(
    cpu: number,
    pass: (places: number) => void = () => {},
  ): Generator<{ readonly key: Uint8Array; readonly value: number }> {
    for (let bucket = 0; bucket < this.#table.buckets; bucket++) {
      pass(1);
      if (this.#table.isEmptyBucket(bucket)) {
        continue;
      }
      const found = this.#bucket(bucket);
      pass(found.length);
      for (const { slot, generation, key } of found) {
        if (this.#table.generationOf(slot) === generation) {
          yield { key, value: this.#values.addressOf(slot, cpu) };
        }
      }
    }
  }

  #bucket(bucket: number): { slot: number; generation: number; key: Uint8Array }[] {
    const found = [];
    this.#table.lock();
    try {
      for (let slot = this.#table.firstIn(bucket); slot >= 0; slot = this.#table.after(slot)) {
        found.push({ slot, generation: this.#table.generationOf(slot), key: this.#table.keyOf(slot) });
      }
    } finally {
      this.#table.unlock();
    }
    return found;
  }

  /** No value has a bpf_spin_lock here, so that BPF_F_LOCK is refused with all other flags. */
  #store(key: Uint8Array, value: Uint8Array, flags: number, cpu: number | undefined): number {
    if (key.length !== this.image.keySize || !(flags >= UpdateFlag.ANY && flags <= UpdateFlag.EXIST)) {
      return -Errno.EINVAL;
    }
    this.#table.lock();
    try {
      const present = this.#table.find(key);
      return present >= 0 ? this.#replace(present, value, flags, cpu) : this.#add(key, value, flags, cpu);
    } finally {
      this.#table.unlock();
    }
  }

  #replace(slot: number, value: Uint8Array, flags: number, cpu: number | undefined): number {
    if (flags === UpdateFlag.NOEXIST) {
      return -Errno.EEXIST;
    }
    this.#table.order?.touch(slot);
    this.#fill(slot, value, cpu);
    return 0;
  }

  /** The entry is there as a whole or not at all, also where the thread is ended meanwhile. */
  #add(key: Uint8Array, value: Uint8Array, flags: number, cpu: number | undefined): number {
    if (flags === UpdateFlag.EXIST) {
      return -Errno.ENOENT;
    }
    const slot = this.#take(key);
    if (slot < 0) {
      return -Errno.E2BIG;
    }
    this.#values.clear(slot); // for the CPUs that get no value
    this.#fill(slot, value, cpu);
    this.#table.insert(slot);
    return 0;
  }

  #take(key: Uint8Array): number {
    const slot = this.#table.take(key);
    const { order } = this.#table;
    if (slot >= 0 || order === undefined) {
      return slot;
    }
    this.#table.remove(order.oldest);
    return this.#table.take(key);
  }

  #fill(slot: number, value: Uint8Array, cpu: number | undefined): void {
    if (cpu === undefined) {
      this.#values.write(slot, value);
    } else {
      this.#values.writeFor(slot, cpu, value);
    }
  }
}

function tableShape({
  keySize,
  maxEntries,
  type,
  flags,
}: Pick<MachineMapImage, "keySize" | "maxEntries" | "type" | "flags">): HashTableShape {
  return { keySize, maxEntries, ordered: mapKind(type).evicts, seeded: (flags & MapFlag.ZERO_SEED) === 0 };
}

function shape(spec: MapSpec, cpus: number): MapShape {
  const copies = copiesOf(spec, cpus);
  if (spec.keySize === 0 || spec.valueSize === 0 || spec.maxEntries === 0) {
    throw refuse(spec, "it declares no key size, no value size, or no max_entries");
  }
  if (spec.maxEntries > mostEntries) {
    throw new EbpfError(
      "TOO_BIG",
      `Cannot create map ${spec.name}: a hash has at most ${mostEntries} entries, and it wants ${spec.maxEntries}`,
    );
  }
  return {
    maxEntries: spec.maxEntries,
    valueBytes: spec.maxEntries * valueStride(spec.valueSize) * copies,
    access: valueAccess(spec),
    stateBytes: hashTableBytes(tableShape(spec)),
  };
}

function open(image: MachineMapImage, memory: ArrayBufferLike, cpus: number): MachineMap {
  return new HashMap(image, memory, cpus);
}

const commonFlags = MapFlag.ZERO_SEED | MapFlag.RDONLY_PROG;
/** The kernel has no LRU without preallocation, so BPF_F_NO_PREALLOC is refused as there. */
const lruFlags = commonFlags | MapFlag.NO_COMMON_LRU | MapFlag.NUMA_NODE;

export const implementations: MapImplementations = [
  [MapType.HASH, { flags: commonFlags | MapFlag.NO_PREALLOC | MapFlag.NUMA_NODE, shape, open }],
  [MapType.PERCPU_HASH, { flags: commonFlags | MapFlag.NO_PREALLOC, shape, open }],
  [MapType.LRU_HASH, { flags: lruFlags, shape, open }],
];
