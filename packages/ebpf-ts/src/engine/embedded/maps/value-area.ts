import type { MachineMapImage } from "../machine/image.ts";
import { roundUp8 } from "../memory/round-up.ts";

/** Bytes from one CPU's value to the next, and from one value to the next in plain maps. */
export function valueStride(valueSize: number): number {
  return roundUp8(valueSize);
}

/**
 * The values of a map in the machine's memory, by slot.
 *
 * ```text
 *   plain     | slot 0 | slot 1 | …                            each round_up(valueSize, 8) bytes
 *   per CPU   | slot 0: cpu 0, cpu 1, … | slot 1: cpu 0, …     so that bpf(2)'s "all CPUs' values in a row" is one copy
 * ```
 */
export class ValueArea {
  /** Bytes of a value as bpf(2) takes and gives it. */
  readonly outerSize: number;
  readonly #address: number;
  readonly #stride: number;
  readonly #slotBytes: number;
  readonly #cpuStep: number;
  readonly #bytes: Uint8Array;

  constructor(image: MachineMapImage, memory: ArrayBufferLike, copies: number, perCpu: boolean) {
    this.#address = image.address;
    this.#stride = valueStride(image.valueSize);
    this.#slotBytes = this.#stride * copies;
    this.#cpuStep = perCpu ? this.#stride : 0;
    this.outerSize = perCpu ? this.#slotBytes : image.valueSize;
    this.#bytes = new Uint8Array(memory, image.address, this.#slotBytes * image.maxEntries);
  }

  addressOf(slot: number, cpu: number): number {
    return this.#address + slot * this.#slotBytes + cpu * this.#cpuStep;
  }

  /** A copy of what bpf(2) gives: the value, or all CPUs' values. */
  read(slot: number): Uint8Array {
    const start = slot * this.#slotBytes;
    return this.#bytes.slice(start, start + this.outerSize);
  }

  /** The counterpart of {@link read}. */
  write(slot: number, values: Uint8Array): void {
    this.#bytes.set(values, slot * this.#slotBytes);
  }

  /** One CPU's value, or the only one. */
  writeFor(slot: number, cpu: number, value: Uint8Array): void {
    this.#bytes.set(value, slot * this.#slotBytes + cpu * this.#cpuStep);
  }

  clear(slot: number): void {
    this.#bytes.fill(0, slot * this.#slotBytes, (slot + 1) * this.#slotBytes);
  }
}
