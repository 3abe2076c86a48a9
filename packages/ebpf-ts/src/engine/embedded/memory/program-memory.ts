import type { Region } from "./region.ts";
import { regionPageSize } from "./memory-plan.ts";

const pageShift = Math.log2(regionPageSize);

/** The machine's memory as programs see it: which addresses exist, and what may be done there. */
export class ProgramMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** For atomic operations, by address divided by the element's size. */
  readonly words: Uint32Array;
  readonly doubleWords: BigUint64Array;
  readonly #regions: readonly Region[];
  /** Index of a page's region plus 1; 0 where nothing is mapped. */
  readonly #pages: Uint32Array;

  constructor(buffer: ArrayBufferLike, regions: readonly Region[]) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = new Uint32Array(buffer);
    this.doubleWords = new BigUint64Array(buffer);
    this.#regions = regions;
    this.#pages = new Uint32Array(Math.ceil(buffer.byteLength / regionPageSize));
    regions.forEach((region, index) => {
      this.#pages.fill(index + 1, region.start >>> pageShift, Math.ceil(region.end / regionPageSize));
    });
  }

  /** The region that holds all of `size` bytes at `address` (any number); undefined when there is none. */
  regionOf(address: number, size: number): Region | undefined {
    if (!(address >= 0 && address < this.bytes.length)) return undefined;
    const index = this.#pages[Math.floor(address / regionPageSize)]!;
    if (index === 0) return undefined;
    const region = this.#regions[index - 1]!;
    return address >= region.start && address + size <= region.end ? region : undefined;
  }

  /** The region with that name; every machine has those of its CPUs. */
  named(name: string): Region {
    const region = this.#regions.find((candidate) => candidate.name === name);
    if (region === undefined) throw new RangeError(`The machine has no region ${name}`);
    return region;
  }
}
