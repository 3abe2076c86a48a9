import { PageTable, readable, regionOf, writable } from "./page-table.ts";
import type { Elements, Region } from "./region.ts";

/** One value of several in a region. */
export interface Element {
  /** Where the values of the map begin. */
  readonly region: number;
  /** In the order of the map. */
  readonly slot: number;
  readonly start: number;
  readonly size: number;
}

/** The machine's memory as programs see it: which addresses exist, and what may be done there. */
export class ProgramMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** For atomic operations, by address divided by the element's size. */
  readonly words: Uint32Array;
  readonly doubleWords: BigUint64Array;
  readonly pages: PageTable;
  readonly #regions: readonly Region[];
  readonly #nameOfLater: (region: number) => string | undefined;

  /** `nameOfLater` names regions that came after load, counted from 0. */
  constructor(
    buffer: ArrayBufferLike,
    regions: readonly Region[],
    nameOfLater: (region: number) => string | undefined = () => undefined,
  ) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = new Uint32Array(buffer);
    this.doubleWords = new BigUint64Array(buffer);
    this.pages = new PageTable(buffer);
    this.#regions = regions;
    this.#nameOfLater = nameOfLater;
  }

  /** Whether all of `size` bytes at `address` (any number) are of one region, whoever may touch it. */
  isMapped(address: number, size: number): boolean {
    return this.pages.entryOf(address, size) !== 0;
  }

  /** Whether every program may write there at any time. */
  isWritable(address: number, size: number): boolean {
    return (this.pages.entryOf(address, size) & writable) !== 0;
  }

  /** Whether programs can read there, and none can write. */
  isConstant(address: number, size: number): boolean {
    return (this.pages.entryOf(address, size) & (readable | writable)) === readable;
  }

  /** Whose the byte is, for messages; undefined where there is nothing. */
  nameAt(address: number): string | undefined {
    const entry = this.pages.entryOf(address, 1);
    if (entry === 0) return undefined;
    const region = regionOf(entry);
    return this.#regions[region]?.name ?? this.#nameOfLater(region - this.#regions.length) ?? "memory of the heap";
  }

  /** How the values stand in the region that an address of one is in. */
  elementsAt(address: number): Elements {
    return this.#regions[regionOf(this.pages.entryOf(address, 1))]!.elements!;
  }

  /** Of an entry of the page table that has elements: the region, and the value that an address is in or behind. */
  elementAt(entry: number, address: number): Element {
    const { start, elements } = this.#regions[regionOf(entry)]!;
    const { size, stride, copies } = elements!;
    const index = Math.floor((address - start) / stride);
    return { region: start, slot: Math.floor(index / copies), start: start + index * stride, size };
  }

  /** The region with that name; every machine has those of its CPUs. */
  named(name: string): Region {
    const region = this.#regions.find((candidate) => candidate.name === name);
    if (region === undefined) throw new RangeError(`The machine has no region ${name}`);
    return region;
  }
}
