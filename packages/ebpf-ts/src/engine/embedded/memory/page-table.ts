import type { Access } from "./region.ts";
import { wasmPageSize } from "./wasm-memory.ts";

/*
 * What lies where in the memory of a machine:
 *
 * ```text
 *   0        64 KiB        4 MiB + 64 KiB                                              4 GiB at most
 *   | never  | page table  | gap | region | gap | region | gap … | heap                |
 * ```
 * The first 64 KiB are nobody's, so that NULL and every field near it (offsets have 16 bits) are faults. Regions begin on a page of
 * their own, with a page between them that no program may touch; the heap's pages come and go while programs run (`page-heap.ts`).
 *
 * The page table has a word for each page of the 32-bit address space, also for those beyond the end of the memory. It lies in the memory
 * itself, so that all threads see one table, and compiled code can read it: page `address >>> 12` is the word at `64 KiB + 4 * page`.
 *
 * ```text
 *   bit  31         30 … 16   15      14         13         12 … 0
 *        elements   region    taken   writable   readable   bytes
 *
 *   elements   several values, each of which a run must have looked up: the word is negative
 *   region     whose it is, a number that only messages look at; neighbours with one number are one region
 *   taken      it is not free: the allocator's, see page-heap.ts
 *   writable   every program may write it, and
 *   readable   read it, at any time. Where neither is set, a run must own the very bytes: its stack, its record
 *   bytes      how many bytes from the start of the page are there: 4096, or fewer at the end of a region; 0 of all others
 * ```
 * So an access of `size` bytes that ends in the same page is good when `(address & 4095) + size <= bytes`, and the bit is set.
 */

/** The unit in which memory is given out, and regions are told apart. */
export const pageSize = 4096;
const pageShift = Math.log2(pageSize);
const pageCount = 2 ** 32 / pageSize;
const tableStart = wasmPageSize;
export const tableEnd: number = tableStart + 4 * pageCount;

const bytesMask = 0x1fff;
export const readable: number = 1 << 13;
export const writable: number = 1 << 14;
const taken = 1 << 15;
const regionShift = 16;
const regionMask = 0x7fff;
const elementsBit = 1 << 31;

const accessBits: Readonly<Record<Access, number>> = {
  read: readable,
  "read-write": readable | writable,
  record: 0,
  run: 0,
  machine: 0,
};

export function pagesOf(size: number): number {
  return Math.ceil(size / pageSize);
}

export class PageTable {
  readonly #words: Int32Array;

  constructor(buffer: ArrayBufferLike) {
    this.#words = new Int32Array(buffer, tableStart, pageCount);
  }

  /**
   * The word of the page at `address` (any number) when all of `size` bytes from there are of its region; else 0.
   *
   * A plain load: an address of memory that was mapped later reaches a program through an atomic operation, which the stores of
   * {@link map} come before. What is unmapped is no program's any more by then (`late-maps.ts`).
   */
  entryOf(address: number, size: number): number {
    if (!(address >= 0 && address < 2 ** 32)) return 0;
    const entry = this.#words[address >>> pageShift]!;
    const end = (address & (pageSize - 1)) + size;
    if (end <= (entry & bytesMask)) return entry;
    return end > pageSize && this.#runsOn(address >>> pageShift, entry, end) ? entry : 0;
  }

  /** How many bytes there are from `address` on, at most `most`. */
  lengthAt(address: number, most: number): number {
    const entry = this.entryOf(address, 1);
    if (entry === 0) return 0;
    let page = address >>> pageShift;
    let length = (entry & bytesMask) - (address & (pageSize - 1));
    while (length < most && (this.#words[page]! & bytesMask) === pageSize && this.#isSameRegion(page + 1, entry)) {
      page += 1;
      length += this.#words[page]! & bytesMask;
    }
    return Math.min(length, most);
  }

  /** The pages behind the first, up to `end` bytes from its start. */
  #runsOn(first: number, entry: number, end: number): boolean {
    let left = end;
    for (let page = first; left > 0; page += 1, left -= pageSize) {
      const bytes = this.#words[page]! & bytesMask;
      if (bytes < Math.min(left, pageSize) || !this.#isSameRegion(page, entry)) return false;
    }
    return true;
  }

  #isSameRegion(page: number, entry: number): boolean {
    return this.#words[page]! >>> regionShift === entry >>> regionShift;
  }

  /** Gives `size` bytes from `start`, the beginning of a page, to a region. Pairs with {@link entryOf}. */
  map(start: number, size: number, access: Access, region: number, hasElements = false): void {
    const bits = (region << regionShift) | taken | accessBits[access] | (hasElements ? elementsBit : 0);
    for (let at = 0; at < size; at += pageSize) {
      const bytes = access === "machine" ? 0 : Math.min(size - at, pageSize);
      Atomics.store(this.#words, (start + at) >>> pageShift, bits | bytes);
    }
  }

  /** Takes them away from programs; the pages stay taken. */
  unmap(start: number, size: number): void {
    for (let at = 0; at < size; at += pageSize) Atomics.store(this.#words, (start + at) >>> pageShift, taken);
  }

  isFree(page: number): boolean {
    return Atomics.load(this.#words, page) === 0;
  }

  /** Pairs with {@link release}: who takes a page sees it zeroed. */
  tryTake(page: number): boolean {
    return Atomics.compareExchange(this.#words, page, 0, taken) === 0;
  }

  release(page: number): void {
    Atomics.store(this.#words, page, 0);
  }
}

/** Whose an entry is. */
export function regionOf(entry: number): number {
  return (entry >>> regionShift) & regionMask;
}
