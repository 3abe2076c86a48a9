import { EbpfError } from "../../../../base/errors.ts";
import type { PerfMemory } from "../../../../ring/perf/perf-memory.ts";
import type { RingBell } from "../../../../ring/ring-memory.ts";
import type { EnginePerf, PerfOptions } from "../../../perf.ts";
import type { Machine } from "../../machine/contracts.ts";
import type { MachineMap, MachinePerf } from "../../machine/machine-map.ts";
import { EmbeddedBell } from "../ring-bell.ts";
import { makePerfRing, perfRingBytes, PerfRingState } from "./perf-ring-state.ts";

/** The pages of the machine, whatever the host has. */
const pageSize = 4096;

interface OpenRing {
  readonly cpu: number;
  readonly memory: PerfMemory & { open: boolean };
  readonly paused: Int32Array;
}

/**
 * The rings of a perf event array, for its reader. They come from the heap of the machine, as a map does that is made after load, so that
 * their memory is used again only when no run can write it any more.
 */
export class EmbeddedPerf implements EnginePerf {
  readonly rings: readonly OpenRing[];
  readonly #machine: Machine;
  readonly #perf: MachinePerf;
  /** Of the memory, as if it were a map. */
  readonly #index: number;
  readonly #bells = new Set<RingBell>();
  #open = true;

  constructor(machine: Machine, map: MachineMap, options: PerfOptions) {
    const perf = map.perf!;
    const size = options.pages * pageSize;
    const bytes = perfRingBytes(size);
    // CPUs may outnumber the slots that an object declared: programs on the others get E2BIG.
    const cpus = Math.min(machine.image.cpus, perf.slots);
    let address = 0;
    this.#machine = machine;
    this.#perf = perf;
    this.#index = machine.addMap((memory) => {
      address = memory.reserve(`the rings of perf event array ${map.image.name}`, cpus * bytes, "machine");
      // Of no slots, should a program make up the handle that it would have.
      return { ...map.image, maxEntries: 0, address: 0, state: address };
    });
    this.rings = Array.from({ length: cpus }, (_, cpu) => this.#makeRing(cpu, address + cpu * bytes, options));
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** One for all CPUs. What rang while nobody listened rings when somebody does. */
  bell(onRing: () => void): RingBell {
    const word = this.#perf.bell;
    let heard = Atomics.load(word, 0);
    const hasRung = (): boolean => {
      const seen = Atomics.load(word, 0);
      const rang = seen !== heard;
      heard = seen;
      return rang;
    };
    const bell = new EmbeddedBell(word, hasRung, () => {
      heard = Atomics.load(word, 0);
      onRing();
    });
    this.#bells.add(bell);
    return {
      arm: () => bell.arm(),
      close: () => {
        this.#bells.delete(bell);
        bell.close();
      },
    };
  }

  setPaused(paused: boolean): void {
    for (const ring of this.rings) Atomics.store(ring.paused, 0, Number(paused));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const bell of this.#bells) bell.close();
    for (const { cpu, memory } of this.rings) {
      this.#perf.setRing(cpu, 0);
      memory.open = false;
    }
    this.#machine.removeMap(this.#index);
  }

  #makeRing(cpu: number, address: number, { pages, watermark, overwritable }: PerfOptions): OpenRing {
    const { buffer } = this.#machine.image.memory;
    const size = pages * pageSize;
    const bytes = watermark !== undefined && "bytes" in watermark ? watermark.bytes : undefined;
    const events = watermark !== undefined && "events" in watermark ? watermark.events : 1;
    makePerfRing(buffer, address, {
      size,
      backward: overwritable,
      // ring_buffer_init: half of the ring where nobody says otherwise, and never more than all of it.
      watermark: bytes === undefined ? size / 2 : Math.min(bytes, size),
      events: bytes === undefined ? events : 0,
      serial: this.#perf.nextSerial(),
    });
    const { head, tail, data, paused } = new PerfRingState(buffer, address);
    this.#perf.setRing(cpu, address);
    return { cpu, memory: { size, head, tail, data, open: true }, paused };
  }
}

/** There is one reader at a time. */
export function refuseSecondReader(name: string, open: EmbeddedPerf | undefined): void {
  if (open?.isOpen !== true) return;
  throw new EbpfError("BUSY", `Cannot open perf event array ${name}: it has a reader already, close that one first`);
}
