import { BatchMap } from "./batch-map.ts";
import { failure } from "./failure.ts";

/**
 * An array whose values are mapped into memory (BPF_F_MMAPABLE, Linux 5.5). Elements are `value size` rounded up to 8
 * bytes apart. The kernel refuses a writable mapping of a map that is frozen, and freezing one that is mapped for writing.
 */
export class MemoryMap extends BatchMap {
  #memory: Uint8Array | undefined;

  memory(): Uint8Array {
    const { fd } = this; // throws when the map is closed
    this.#memory ??= this.#map(fd);
    return this.#memory;
  }

  override close(): void {
    this.#memory = undefined;
    super.close();
  }

  #map(fd: number): Uint8Array {
    const page = this.sys.pageSize();
    const bytes = this.info.maxEntries * Math.ceil(this.info.valueSize / 8) * 8;
    const length = Math.ceil(bytes / page) * page;
    const buffer = this.sys.map({ fd, offset: 0, length, writable: true });
    if (typeof buffer === "number") {
      throw failure(buffer, `map the memory of map ${this.info.name}`, "mmap", "it is frozen, or not to be written by user space");
    }
    return new Uint8Array(buffer, 0, bytes);
  }
}
