import { pageSize, pagesOf, type PageTable } from "./page-table.ts";
import type { Span } from "./region.ts";

/**
 * Memory that is taken and given back while programs run, by any thread of the machine, in pages. Behind what is given out stands a page
 * that belongs to it and that no program may touch.
 *
 * The page table is the only book: a free page's word is 0, and an allocation takes page after page by compare-and-exchange, from left
 * to right; who meets a page that is taken gives back what it took, and looks behind that. So there is no lock which a thread
 * could take with it: one that is terminated in between leaves the pages that it had taken so far, to nobody, and all others go on.
 * And somebody always gets on: only who holds a page further right can be in the way.
 *
 * Free pages are zero: they are cleared as they are given back.
 */
export class PageHeap {
  readonly #pages: PageTable;
  readonly #bytes: Uint8Array;
  readonly #first: number;
  /** Exclusive. */
  readonly #end: number;

  /** `span` begins and ends with a page. */
  constructor(buffer: ArrayBufferLike, pages: PageTable, span: Span) {
    this.#pages = pages;
    this.#bytes = new Uint8Array(buffer);
    this.#first = span.start / pageSize;
    this.#end = span.end / pageSize;
  }

  /** Address of `size` zeroed bytes, the beginning of a page, which are the machine's until they are mapped; 0 when there is no room. */
  allocate(size: number): number {
    const count = pagesOf(size) + 1;
    let first = this.#first;
    while (first + count <= this.#end) {
      const obstacle = this.#obstacleIn(first, count);
      if (obstacle < 0) return first * pageSize;
      first = obstacle + 1;
    }
    return 0;
  }

  /** Gives back what {@link allocate} gave for that size. No program may reach it any more. */
  free(address: number, size: number): void {
    this.#pages.unmap(address, size);
    this.#bytes.fill(0, address, address + pagesOf(size) * pageSize);
    this.#release(address / pageSize, pagesOf(size) + 1);
  }

  /** -1 when all are taken now; else the last page known to be in the way. */
  #obstacleIn(first: number, count: number): number {
    for (let page = first + count - 1; page >= first; page -= 1) if (!this.#pages.isFree(page)) return page;
    for (let page = first; page < first + count; page += 1) {
      if (this.#pages.tryTake(page)) continue;
      this.#release(first, page - first);
      return page;
    }
    return -1;
  }

  #release(first: number, count: number): void {
    for (let page = first; page < first + count; page += 1) this.#pages.release(page);
  }
}
