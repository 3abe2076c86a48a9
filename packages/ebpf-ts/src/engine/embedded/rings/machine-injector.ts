import { recordSize } from "../../../ring/record.ts";
import type { Injector, WriteRecord } from "../../injector.ts";
import { takenBytes } from "../../taken-bytes.ts";
import type { MachineRing } from "../machine/machine-map.ts";

/** Bytes of a batch, unless a record needs more. */
const batchBytes = 64 * 1024;
const mostRecords = 4096;

/** Stages records in memory of its own, and writes them as a program would, each under the ring's lock. */
export function machineInjector(name: string, ring: MachineRing, size: number): Injector {
  return new MachineInjector(name, ring, Math.max(size, batchBytes));
}

class MachineInjector implements Injector {
  readonly largest: number;
  readonly view: DataView;
  readonly #name: string;
  readonly #ring: MachineRing;
  readonly #bytes: Uint8Array;
  readonly #lengths: Int32Array = new Int32Array(mostRecords);
  #count = 0;
  /** Where the next payload begins; each on a multiple of 8. */
  #next = 0;
  #room = 0;
  #leaveFree = 0;

  constructor(name: string, ring: MachineRing, largest: number) {
    this.largest = largest;
    this.#name = name;
    this.#ring = ring;
    this.#bytes = new Uint8Array(roundUp8(largest));
    this.view = new DataView(this.#bytes.buffer);
  }

  begin(leaveFree: number): void {
    const { memory } = this.#ring;
    this.#leaveFree = leaveFree;
    this.#room = memory.size - leaveFree - takenBytes(this.#name, memory);
    this.#count = 0;
    this.#next = 0;
  }

  stage(size: number): number {
    const total = recordSize(size);
    const offset = this.#next;
    if (total > this.#room || offset + size > this.#bytes.length || this.#count === mostRecords) return -1;
    this.#lengths[this.#count] = size;
    this.#count += 1;
    this.#next = offset + roundUp8(size);
    this.#room -= total;
    return offset;
  }

  get staged(): number {
    return this.#count;
  }

  fill(count: number, size: number, write: WriteRecord, from: number): void {
    for (let index = 0; index < count; index += 1) {
      const offset = this.stage(size);
      if (offset < 0) return;
      try {
        write(this.view, offset, from + index);
      } catch (error) {
        this.unstage();
        throw error;
      }
    }
  }

  unstage(): void {
    this.#count -= 1;
    const size = this.#lengths[this.#count]!;
    this.#next -= roundUp8(size);
    this.#room += recordSize(size);
  }

  flush(): number {
    let at = 0;
    for (let i = 0; i < this.#count; i += 1) {
      const size = this.#lengths[i]!;
      if (this.#ring.inject(this.#bytes.subarray(at, at + size), this.#leaveFree) !== 0) return i;
      at += roundUp8(size);
    }
    return this.#count;
  }
}

function roundUp8(size: number): number {
  return (size + 7) & ~7;
}
