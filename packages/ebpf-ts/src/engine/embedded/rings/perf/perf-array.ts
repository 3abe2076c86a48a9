import type { MapSpec } from "../../../../spec/types.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { MapFlag } from "../../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../../machine/image.ts";
import type { MachineMap, MachinePerf } from "../../machine/machine-map.ts";
import { type MapImplementation, type MapShape, refuse } from "../../machine/map-implementation.ts";
import { KeylessMap } from "../keyless-map.ts";
import { wake } from "../wake-word.ts";
import { PerfRingState, serialOf } from "./perf-ring-state.ts";
import { PerfWriter } from "./perf-writer.ts";

/*
 * The bookkeeping, in 32-bit words:
 *
 *   0      bell     counts the wake-ups, and is notified at each
 *   1      serial   counts the rings that were ever made
 *   2 …    a slot a CPU: the address of its ring, or 0
 */
const bellWord = 0;
const serialWord = 1;
const firstSlot = 2;

/** BPF_MAP_TYPE_PERF_EVENT_ARRAY: user space puts a ring into the slot of each CPU. */
class PerfArrayMap extends KeylessMap implements MachineMap {
  readonly perf: MachinePerf;

  constructor(image: MachineMapImage, memory: ArrayBufferLike) {
    super(image, "a perf event array's slots can be neither read nor listed");
    this.perf = new PerfSlots(image, memory);
  }
}

class PerfSlots implements MachinePerf {
  readonly bell: Int32Array;
  readonly #memory: ArrayBufferLike;
  readonly #all: Uint32Array;
  readonly #slots: Uint32Array;
  readonly #serial: Int32Array;
  /** This thread's views of the rings that it has met. */
  readonly #writers: (PerfWriter | undefined)[] = [];
  readonly #addresses: number[] = [];

  constructor({ state, maxEntries }: MachineMapImage, memory: ArrayBufferLike) {
    this.#memory = memory;
    this.#all = new Uint32Array(memory);
    this.bell = new Int32Array(memory, state + 4 * bellWord, 1);
    this.#serial = new Int32Array(memory, state + 4 * serialWord, 1);
    this.#slots = new Uint32Array(memory, state + 4 * firstSlot, maxEntries);
  }

  get slots(): number {
    return this.#slots.length;
  }

  nextSerial(): number {
    return (Atomics.add(this.#serial, 0, 1) + 1) >>> 0;
  }

  setRing(slot: number, address: number): void {
    // Pairs with the load in output(): who finds a ring finds it made.
    Atomics.store(this.#slots, slot, address);
  }

  output(slot: number, cpu: number, payload: Uint8Array): number {
    if (slot >= this.#slots.length) return -Errno.E2BIG;
    const address = Atomics.load(this.#slots, slot);
    if (address === 0) return -Errno.ENOENT;
    // An event of the kernel's counts on one CPU, and takes output from there only.
    return slot === cpu ? this.#writerOf(slot, address).write(payload) : -Errno.EOPNOTSUPP;
  }

  /** The memory of a ring that was taken away is kept for the runs that may have found it before (`late-maps.ts`). */
  #writerOf(slot: number, address: number): PerfWriter {
    const known = this.#writers[slot];
    if (known !== undefined && this.#addresses[slot] === address && known.state.serial === serialOf(this.#all, address))
      return known;
    const writer = new PerfWriter(new PerfRingState(this.#memory, address), slot, () => wake(this.bell));
    this.#writers[slot] = writer;
    this.#addresses[slot] = address;
    return writer;
  }
}

/** fd_array_map_alloc_check, and libbpf's rule that no max_entries means one of each CPU. */
function shape(spec: MapSpec, cpus: number): MapShape {
  if (spec.keySize !== 4 || spec.valueSize !== 4) {
    throw refuse(spec, "a perf event array has keys and values of 4 bytes each");
  }
  const maxEntries = spec.maxEntries === 0 ? cpus : spec.maxEntries;
  return { maxEntries, valueBytes: 0, access: "machine", stateBytes: 4 * (firstSlot + maxEntries) };
}

export const perfArray: MapImplementation = {
  flags: MapFlag.NUMA_NODE | MapFlag.PRESERVE_ELEMS,
  shape,
  open: (image, memory) => new PerfArrayMap(image, memory),
};
