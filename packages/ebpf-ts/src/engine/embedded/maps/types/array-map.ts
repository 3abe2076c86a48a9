import { mapKind } from "../../../../kinds/map-kinds.ts";
import type { MapSpec } from "../../../../spec/types.ts";
import { MapFlag, MapType, UpdateFlag } from "../../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../../machine/image.ts";
import type { MachineMap } from "../../machine/machine-map.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { indexKey, indexOf, nextIndex } from "../index-key.ts";
import { refuse, type MapImplementations, type MapShape } from "../../machine/map-implementation.ts";
import { isReadOnlyToPrograms, valueAccess } from "../value-access.ts";
import { checkKey, copiesOf } from "../map-checks.ts";
import { ValueArea, valueStride } from "../value-area.ts";

/** BPF_MAP_TYPE_ARRAY and BPF_MAP_TYPE_PERCPU_ARRAY. Values are written without a lock, as in the kernel. */
export class ArrayMap implements MachineMap {
  readonly image: MachineMapImage;
  readonly #bytes: Uint8Array;
  readonly #values: ValueArea;
  readonly #perCpu: boolean;

  constructor(image: MachineMapImage, memory: ArrayBufferLike, cpus: number) {
    this.image = image;
    this.#bytes = new Uint8Array(memory);
    this.#perCpu = mapKind(image.type).perCpu;
    this.#values = new ValueArea(image, memory, this.#perCpu ? cpus : 1, this.#perCpu);
  }

  lookup(key: number, cpu: number): number {
    const index = indexOf(this.#bytes, key);
    return index < this.image.maxEntries ? this.#values.addressOf(index, cpu) : 0;
  }

  update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number {
    if (isReadOnlyToPrograms(this.image)) {
      return -Errno.EPERM;
    }
    const refused = this.#checkUpdate(key, value.length, this.image.valueSize, flags, true);
    if (refused === 0) {
      this.#values.writeFor(indexOf(key), cpu, value);
    }
    return refused;
  }

  keyOf(slot: number): string {
    return String(slot);
  }

  delete(): number {
    return -Errno.EINVAL;
  }

  nextKey(key: Uint8Array | undefined): Uint8Array | undefined {
    return nextIndex(this.image, key);
  }

  read(key: Uint8Array): Uint8Array | undefined {
    checkKey(this.image, key);
    const index = indexOf(key);
    return index < this.image.maxEntries ? this.#values.read(index) : undefined;
  }

  write(key: Uint8Array, value: Uint8Array, flags: number): number {
    // BPF_F_LOCK is no flag at all where user space sets the values of all CPUs.
    const refused = this.#checkUpdate(key, value.length, this.#values.outerSize, flags, !this.#perCpu);
    if (refused === 0) {
      this.#values.write(indexOf(key), value);
    }
    return refused;
  }

  *entries(
    cpu: number,
    pass: (places: number) => void = () => {},
  ): Generator<{ readonly key: Uint8Array; readonly value: number }> {
    for (let index = 0; index < this.image.maxEntries; index++) {
      pass(1);
      yield { key: indexKey(index), value: this.#values.addressOf(index, cpu) };
    }
  }

  /** In the kernel's order of checks. No value has a bpf_spin_lock here, so that BPF_F_LOCK is refused last. */
  #checkUpdate(key: Uint8Array, size: number, expected: number, flags: number, knowsLock: boolean): number {
    if (key.length !== this.image.keySize || size !== expected || !isUpdateFlag(flags, knowsLock)) {
      return -Errno.EINVAL;
    }
    if (indexOf(key) >= this.image.maxEntries) {
      return -Errno.E2BIG;
    }
    if ((flags & UpdateFlag.NOEXIST) !== 0) {
      return -Errno.EEXIST;
    }
    return (flags & UpdateFlag.LOCK) === 0 ? 0 : -Errno.EINVAL;
  }
}

function isUpdateFlag(flags: number, knowsLock: boolean): boolean {
  if (!(flags >= 0 && flags <= (UpdateFlag.EXIST | UpdateFlag.LOCK))) return false;
  return (knowsLock ? flags & ~UpdateFlag.LOCK : flags) <= UpdateFlag.EXIST;
}

function shape(spec: MapSpec, cpus: number): MapShape {
  if (spec.keySize !== 4) {
    throw refuse(spec, `the key of an array is 4 bytes, and it declares ${spec.keySize}`);
  }
  if (spec.valueSize === 0 || spec.maxEntries === 0) {
    throw refuse(spec, "it declares no value size, or no max_entries");
  }
  return {
    maxEntries: spec.maxEntries,
    valueBytes: spec.maxEntries * valueStride(spec.valueSize) * copiesOf(spec, cpus),
    access: valueAccess(spec),
    stateBytes: 0,
  };
}

function open(image: MachineMapImage, memory: ArrayBufferLike, cpus: number): MachineMap {
  return new ArrayMap(image, memory, cpus);
}

/** Of BPF_MAP_TYPE_PERCPU_ARRAY the kernel takes no other flag. */
const perCpuFlags = MapFlag.RDONLY_PROG;

export const implementations: MapImplementations = [
  [MapType.ARRAY, { flags: perCpuFlags | MapFlag.NUMA_NODE | MapFlag.MMAPABLE | MapFlag.INNER_MAP, shape, open }],
  [MapType.PERCPU_ARRAY, { flags: perCpuFlags, shape, open }],
];
