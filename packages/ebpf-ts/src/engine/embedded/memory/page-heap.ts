import { pageSize, pagesOf, type PageTable } from "./page-table.ts";
import type { Span } from "./region.ts";

/**
 * Memory that is taken and given back while programs run, by any thread of the machine, in pages. Behind what is given out stands a page
 * that belongs to it and that no program may touch.
 *
 * The page table is the only book: a free page's word is 0, and an allocation takes page after page by compare-and-exchange, from left
 * to right; who meets a page that is taken gives back what it took, and looks behind that. So there is no lock which a thread
 * could take with it: one that is terminated in between leaves the pages that it had taken so far, to nobody, and all others go on.
 * Somebody always gets on: only who holds a page further right can be in the way, and nobody is in the way of the one furthest right.
 *
 * Free pages are zero: they are cleared as they are given back.
 */
export class PageHeap {
  readonly #pages: PageTable;
  readonly #bytes: Uint8Array;
  readonly #first: number;
  /** Exclusive. */
  readonly #end: number;
  /** Whether the last search met a page that another thread took under its hands. */
  #contested = false;

  /** `span` begins and ends with a page. */
  constructor(buffer: ArrayBufferLike, pages: PageTable, span: Span) {
    this.#pages = pages;
    this.#bytes = new Uint8Array(buffer);
    this.#first = span.start / pageSize;
    this.#end = span.end / pageSize;
  }

  /** Address of `size` zeroed bytes, the beginning of a page, which are the machine's until they are mapped; 0 when there is no room: none was seen, while others may have moved theirs. */
  allocate(size: number): number {
    const count = pagesOf(size) + 1;
    let page: number;
    do {
      this.#contested = false;
      page = this.#search(count);
      // The other one may have given its pages back by now.
    } while (page < 0 && this.#contested);
    return page < 0 ? 0 : page * pageSize;
  }

  /** Gives back what {@link allocate} gave for that size. No program may reach it any more. */
  free(address: number, size: number): void {
    this.#pages.unmap(address, size);
    this.#bytes.fill(0, address, address + pagesOf(size) * pageSize);
    this.#release(address / pageSize, pagesOf(size) + 1);
  }

  /** The first of so many pages, which are taken now; -1 when there are none. */
  #search(count: number): number {
    let first = this.#first;
    while (first + count <= this.#end) {
      const obstacle = this.#obstacleIn(first, count);
      if (obstacle < 0) return first;
      first = obstacle + 1;
    }
    return -1;
  }

  /** -1 when all are taken now; else the last page known to be in the way. */
  #obstacleIn(first: number, count: number): number {
    for (let page = first + count - 1; page >= first; page -= 1) if (!this.#pages.isFree(page)) return page;
    for (let page = first; page < first + count; page += 1) {
      if (this.#pages.tryTake(page)) continue;
      this.#release(first, page - first);
      this.#contested = true;
      return page;
    }
    return -1;
  }

  #release(first: number, count: number): void {
    for (let page = first; page < first + count; page += 1) this.#pages.release(page);
  }
}
