import { EbpfError } from "../../../base/errors.ts";
import type { Access, MemoryPlan, Region } from "./region.ts";
import { createWasmMemory, largestWasmMemory, wasmPageSize, type WasmMemory } from "./wasm-memory.ts";

/** The unit in which regions are told apart; every region begins on one of its own. */
export const regionPageSize = 4096;

/**
 * Lays regions out one after the other:
 *
 * ```text
 *   0        64 KiB                                            4 GiB at most
 *   | never  | gap | region | gap | region | gap | …
 * ```
 * The first 64 KiB stay unmapped, so that NULL and every field near it (offsets have 16 bits) are faults.
 */
export class MemoryLayout implements MemoryPlan {
  readonly regions: Region[] = [];
  #next: number = wasmPageSize;

  reserve(name: string, size: number, access: Access): number {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`Cannot reserve ${size} bytes for ${name}`);
    const start = this.#next + regionPageSize;
    const end = start + size;
    const next = Math.ceil(end / regionPageSize) * regionPageSize;
    if (next + regionPageSize > largestWasmMemory) {
      throw new EbpfError(
        "TOO_BIG",
        `Cannot load on the embedded engine: with ${name} the maps take more than 4 GiB, make them smaller`,
      );
    }
    this.regions.push({ name, start, end, access });
    this.#next = next;
    return start;
  }

  /** The memory for everything that was reserved. */
  createMemory(): WasmMemory {
    return createWasmMemory(this.#next + regionPageSize);
  }
}
