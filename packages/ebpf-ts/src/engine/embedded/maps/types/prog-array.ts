import { MapFlag, MapType, UpdateFlag } from "../../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../../machine/image.ts";
import type { MachineMap } from "../../machine/machine-map.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { indexOf, nextIndex } from "../index-key.ts";
import { refuse, type MapImplementation, type MapImplementations } from "../../machine/map-implementation.ts";
import { checkKey } from "../map-checks.ts";

/**
 * BPF_MAP_TYPE_PROG_ARRAY. A word a slot: 0 when empty, else the program's index in the machine plus one, which is also
 * the program's "id" that bpf(2) reads and writes here. Programs reach it only by tail calls.
 */
export class ProgArray implements MachineMap {
  readonly image: MachineMapImage;
  readonly #slots: Int32Array;

  constructor(image: MachineMapImage, memory: ArrayBufferLike) {
    this.image = image;
    this.#slots = new Int32Array(memory, image.state, image.maxEntries);
  }

  programAt(index: number): number {
    return this.#has(index) ? Atomics.load(this.#slots, index) - 1 : -1;
  }

  setProgramAt(index: number, program: number): number {
    if (!this.#has(index)) {
      return -Errno.E2BIG;
    }
    if (!Number.isInteger(program) || program < 0 || program >= 0x7fff_ffff) {
      return -Errno.EBADF;
    }
    Atomics.store(this.#slots, index, program + 1);
    return 0;
  }

  lookup(): number {
    return 0;
  }

  /** No helper may change a prog array: the verifier refuses such a program. */
  update(): number {
    return -Errno.EINVAL;
  }

  delete(key: Uint8Array): number {
    if (key.length !== this.image.keySize) {
      return -Errno.EINVAL;
    }
    const index = indexOf(key);
    if (!this.#has(index)) {
      return -Errno.E2BIG;
    }
    return Atomics.exchange(this.#slots, index, 0) === 0 ? -Errno.ENOENT : 0;
  }

  nextKey(key: Uint8Array | undefined): Uint8Array | undefined {
    return nextIndex(this.image, key);
  }

  read(key: Uint8Array): Uint8Array | undefined {
    checkKey(this.image, key);
    const id = this.programAt(indexOf(key)) + 1;
    return id === 0 ? undefined : Uint8Array.of(id, id >>> 8, id >>> 16, id >>> 24);
  }

  write(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (key.length !== this.image.keySize || value.length !== 4 || flags !== UpdateFlag.ANY) {
      return -Errno.EINVAL;
    }
    return this.setProgramAt(indexOf(key), indexOf(value) - 1);
  }

  #has(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.image.maxEntries;
  }
}

const progArray: MapImplementation = {
  flags: MapFlag.NUMA_NODE,
  shape(spec) {
    if (spec.keySize !== 4 || spec.valueSize !== 4 || spec.maxEntries === 0) {
      throw refuse(spec, "a prog array has keys and values of 4 bytes each, and at least one entry");
    }
    return { maxEntries: spec.maxEntries, valueBytes: 0, access: "read", stateBytes: 4 * spec.maxEntries };
  },
  open: (image, memory) => new ProgArray(image, memory),
};

export const implementations: MapImplementations = [[MapType.PROG_ARRAY, progArray]];
