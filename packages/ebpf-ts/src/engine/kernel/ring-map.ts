import type { RingBell, RingMemory } from "../../ring/ring-memory.ts";
import { MapType } from "../../uapi/uapi.gen.ts";
import type { EngineRing } from "../engine.ts";
import { failure } from "./failure.ts";
import { KernelMap } from "./kernel-map.ts";
import { openBell } from "./poller.ts";

/**
 * The two kinds of ring, by mmap offset (kernel/bpf/ringbuf.c):
 *
 * ```text
 *   0         consumer page    event ring: read-write    user ring: read-only
 *   1 page    producer page    event ring: read-only     user ring: read-write
 *   2 pages   data, twice      like the producer page
 * ```
 */
export class RingMap extends KernelMap {
  #ring: KernelRing | undefined;

  ring(): EngineRing {
    const { fd } = this; // throws when the map is closed
    this.#ring ??= this.#openRing(fd);
    return this.#ring;
  }

  override close(): void {
    this.#ring?.close();
    this.#ring = undefined;
    super.close();
  }

  #openRing(fd: number): KernelRing {
    const page = this.sys.pageSize();
    const size = this.info.maxEntries;
    const isEventRing = this.info.type === MapType.RINGBUF;
    const consumer = this.#mapPages(fd, 0, page, isEventRing);
    const producer = this.#mapPages(fd, page, page + 2 * size, !isEventRing);
    const memory = {
      size,
      consumer: new BigUint64Array(consumer, 0, 1),
      producer: new BigUint64Array(producer, 0, 1),
      data: new Uint8Array(producer, page, 2 * size),
      open: true,
    };
    return new KernelRing(memory, (onRing) => openBell(this.sys, this.fd, isEventRing ? "in" : "out", onRing));
  }

  #mapPages(fd: number, offset: number, length: number, writable: boolean): ArrayBuffer {
    const buffer = this.sys.map({ fd, offset, length, writable });
    if (typeof buffer === "number") throw failure(buffer, `map the memory of ring ${this.info.name}`, "mmap");
    return buffer;
  }
}

class KernelRing implements EngineRing {
  readonly #memory: RingMemory & { open: boolean };
  readonly #open: (onRing: () => void) => RingBell;
  readonly #bells = new Set<RingBell>();

  constructor(memory: RingMemory & { open: boolean }, open: (onRing: () => void) => RingBell) {
    this.#memory = memory;
    this.#open = open;
  }

  get memory(): RingMemory {
    return this.#memory;
  }

  bell(onRing: () => void): RingBell {
    const opened = this.#open(onRing);
    const bell: RingBell = {
      arm: () => opened.arm(),
      close: () => {
        this.#bells.delete(bell);
        opened.close();
      },
    };
    this.#bells.add(bell);
    return bell;
  }

  /** The memory stays where it is until nobody can reach it any more. */
  close(): void {
    this.#memory.open = false;
    for (const bell of this.#bells) bell.close();
  }
}
