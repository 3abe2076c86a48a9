import type { Span } from "../memory/region.ts";

/** Memory of the kinds `record` and `run` that the current run may touch, besides its stack. */
export interface Slice extends Span {
  readonly writable: boolean;
}

/** The slices that a run has now. No two of them overlap, so that they stand in order, and one is found by halving. */
export class Slices {
  readonly #slices: Slice[] = [];

  add(slice: Slice): void {
    if (slice.start >= slice.end) return;
    const index = this.#countUpTo(slice.start);
    if (index === this.#slices.length) this.#slices.push(slice);
    else this.#slices.splice(index, 0, slice);
  }

  remove(slice: Slice): void {
    const index = this.#countUpTo(slice.start) - 1;
    if (this.#slices[index] !== slice) return;
    if (index === this.#slices.length - 1) this.#slices.pop();
    else this.#slices.splice(index, 1);
  }

  clear(): void {
    this.#slices.length = 0;
  }

  allow(address: number, size: number, write: boolean): boolean {
    const slice = this.#slices[this.#countUpTo(address) - 1];
    return slice !== undefined && address + size <= slice.end && (slice.writable || !write);
  }

  /** How many begin at an address or before it. */
  #countUpTo(address: number): number {
    let low = 0;
    let high = this.#slices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#slices[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
