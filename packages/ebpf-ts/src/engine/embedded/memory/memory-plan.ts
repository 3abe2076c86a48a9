import { EbpfError } from "../../../base/errors.ts";
import { PageTable, pageSize, pagesOf, tableEnd } from "./page-table.ts";
import type { Access, Elements, MemoryPlan, Region, Span } from "./region.ts";
import { createWasmMemory, largestWasmMemory, type WasmMemory } from "./wasm-memory.ts";

export interface PlannedMemory {
  readonly memory: WasmMemory;
  /** What programs may touch; a region's place in the list is its number in the page table. */
  readonly regions: readonly Region[];
  readonly heap: Span;
}

/** The page table tells 2^15 of them apart, with 4,096 that come later. */
const mostRegions = 28_000;

/** Lays regions out one after the other, as `page-table.ts` draws it. */
export class MemoryLayout implements MemoryPlan {
  readonly #regions: Region[] = [];
  #next: number = tableEnd;

  reserve(name: string, size: number, access: Access, elements?: Elements): number {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`Cannot reserve ${size} bytes for ${name}`);
    if (this.#regions.length === mostRegions)
      throw new EbpfError("TOO_BIG", `Cannot load on the embedded engine: it has at most ${mostRegions} maps`);
    const start = this.#next + pageSize;
    const next = start + pagesOf(size) * pageSize;
    if (next + pageSize > largestWasmMemory) {
      throw new EbpfError(
        "TOO_BIG",
        `Cannot load on the embedded engine: with ${name} the maps take more than 4 GiB, make them smaller`,
      );
    }
    if (access !== "machine") this.#regions.push({ name, start, end: start + size, access, elements });
    this.#next = next;
    return start;
  }

  /**
   * The memory for everything that was reserved, with a heap of so many bytes behind it, or what is left of the 4 GiB. It never
   * grows: a heap that nobody uses takes addresses only, and views of the memory stay true.
   */
  createMemory(heapBytes = 0): PlannedMemory {
    const start = this.#next + pageSize;
    const end = Math.min(start + pagesOf(heapBytes) * pageSize, largestWasmMemory);
    const memory = createWasmMemory(end);
    const pages = new PageTable(memory.buffer);
    this.#regions.forEach(({ start: at, end: to, access, elements }, region) =>
      pages.map(at, to - at, access, region, elements !== undefined),
    );
    return { memory, regions: this.#regions, heap: { start, end } };
  }
}
