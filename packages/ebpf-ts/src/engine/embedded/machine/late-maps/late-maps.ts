import { EbpfError } from "../../../../base/errors.ts";
import { PageHeap } from "../../memory/page-heap.ts";
import type { ProgramMemory } from "../../memory/program-memory.ts";
import type { Access, MemoryPlan } from "../../memory/region.ts";
import type { MachineImage, MachineMapImage } from "../image.ts";
import type { MachineMap } from "../machine-map.ts";
import { MapDirectory } from "./map-directory.ts";
import type { SharedState } from "../shared-state.ts";

interface Block {
  readonly address: number;
  readonly size: number;
}

/** A plan that takes from the heap at once, and can give all of it back. */
class HeapPlan implements MemoryPlan {
  readonly blocks: Block[] = [];
  readonly #heap: PageHeap;
  readonly #memory: ProgramMemory;
  readonly #region: number;

  constructor(heap: PageHeap, memory: ProgramMemory, region: number) {
    this.#heap = heap;
    this.#memory = memory;
    this.#region = region;
  }

  reserve(name: string, size: number, access: Access): number {
    const address = this.#heap.allocate(size);
    if (address === 0) {
      throw new EbpfError("NO_SPACE", `Cannot create ${name}: the heap of its collection has no ${size} bytes left`);
    }
    this.#memory.pages.map(address, size, access, this.#region);
    this.blocks.push({ address, size });
    return address;
  }

  sizeAt(address: number): number {
    return this.blocks.find((block) => block.address === address)?.size ?? 0;
  }

  giveBack(): void {
    for (const { address, size } of this.blocks) this.#heap.free(address, size);
  }
}

/**
 * Maps that are made after load, by any thread, and found by all. Their indices follow on those of the image's maps.
 *
 * A map that is removed is found by no run that begins afterwards; its memory is given back when the runs have ended that were going
 * then, for they may hold pointers into it (the kernel's grace period). Whoever else has opened it keeps it from being removed.
 */
export class LateMaps {
  readonly #image: MachineImage;
  readonly #memory: ProgramMemory;
  readonly #state: SharedState;
  readonly #heap: PageHeap;
  readonly #directory: MapDirectory;
  readonly #open: (image: MachineMapImage) => MachineMap;
  /** By slot: what this thread has opened last. */
  readonly #opened: ({ readonly id: number; readonly map: MachineMap } | undefined)[] = [];

  constructor(
    image: MachineImage,
    memory: ProgramMemory,
    directory: MapDirectory,
    state: SharedState,
    open: (image: MachineMapImage) => MachineMap,
  ) {
    this.#image = image;
    this.#memory = memory;
    this.#state = state;
    this.#heap = new PageHeap(image.memory.buffer, memory.pages, image.heap);
    this.#directory = directory;
    this.#open = open;
  }

  /** Makes the map that `plan` finds a place for; its index. What `plan` throws leaves nothing behind. */
  add(plan: (memory: MemoryPlan) => MachineMapImage): number {
    this.#collect();
    const slot = this.#directory.take();
    if (slot < 0) throw new EbpfError("NO_SPACE", "Cannot create a map: there are too many that were made after load");
    const place = new HeapPlan(this.#heap, this.#memory, this.#image.regions.length + slot);
    try {
      const image = plan(place);
      const sizes = { valueBytes: place.sizeAt(image.address), stateBytes: place.sizeAt(image.state) };
      return this.#image.maps.length + this.#directory.file(slot, { image, ...sizes });
    } catch (error) {
      place.giveBack();
      this.#directory.clear(slot);
      throw error;
    }
  }

  /** This thread's view of a map; undefined when there is none of that index, or no more. */
  at(index: number): MachineMap | undefined {
    const id = index - this.#image.maps.length;
    if (!(id >= 0) || !this.#directory.has(id)) return undefined;
    const opened = this.#opened[MapDirectory.slotOf(id)];
    return opened?.id === id ? opened.map : this.#openLate(id);
  }

  /** False when it is not there, or no more. */
  remove(index: number): boolean {
    const id = index - this.#image.maps.length;
    if (!(id >= 0) || !this.#directory.withdraw(id)) return false;
    this.#directory.leave(MapDirectory.slotOf(id), this.#state.nextEpoch());
    this.#collect();
    return true;
  }

  #openLate(id: number): MachineMap | undefined {
    const image = this.#directory.find(id);
    if (image === undefined) return undefined;
    const map = this.#open(image);
    this.#opened[MapDirectory.slotOf(id)] = { id, map };
    return map;
  }

  /** Gives back the memory of maps that no run can hold any more. */
  #collect(): void {
    for (const slot of this.#directory.claimLeft((epoch) => this.#state.hasPassed(epoch))) {
      const { image, valueBytes, stateBytes } = this.#directory.read(slot);
      if (valueBytes > 0) this.#heap.free(image.address, valueBytes);
      if (stateBytes > 0) this.#heap.free(image.state, stateBytes);
      this.#directory.clear(slot);
    }
  }
}
