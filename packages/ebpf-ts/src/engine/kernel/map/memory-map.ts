import { BatchMap } from "./batch-map.ts";
import { failure } from "../failure.ts";
import { readHostFile } from "../../../host/system-files.ts";

/**
 * An array whose values are mapped into memory (BPF_F_MMAPABLE, Linux 5.5), and must not be written by user space: constants,
 * and what is frozen. Elements are `value size` rounded up to 8 bytes apart.
 */
export class ReadOnlyMemoryMap extends BatchMap {
  #readOnly: Uint8Array | undefined;
  #frozen = false;

  /** Never handed out as it is: a store into it would end the process. */
  readOnlyMemory(): Uint8Array {
    const { fd } = this; // throws when the map is closed
    this.#readOnly ??= this.mapValues(fd, false);
    return this.#readOnly;
  }

  /** Somebody else may have frozen it; nobody can undo it. */
  get frozen(): boolean {
    const action = `ask whether map ${this.info.name} is frozen`;
    this.#frozen ||= /^frozen:\s*1$/m.test(readHostFile(`/proc/self/fdinfo/${this.fd}`, action));
    return this.#frozen;
  }

  override close(): void {
    this.#readOnly = undefined;
    super.close();
  }

  protected mapValues(fd: number, writable: boolean): Uint8Array {
    const page = this.sys.pageSize();
    const bytes = this.info.maxEntries * Math.ceil(this.info.valueSize / 8) * 8;
    const length = Math.ceil(bytes / page) * page;
    const buffer = this.sys.map({ fd, offset: 0, length, writable });
    if (typeof buffer === "number") {
      const why = writable ? "it is frozen, or not to be written by user space" : "it is not to be read by user space";
      throw failure(buffer, `map the memory of map ${this.info.name}`, "mmap", why);
    }
    return new Uint8Array(buffer, 0, bytes);
  }
}

/** The same where user space may write. The kernel refuses such a mapping of a map that is frozen, and freezing one that has it. */
export class MemoryMap extends ReadOnlyMemoryMap {
  #memory: Uint8Array | undefined;

  memory(): Uint8Array {
    const { fd } = this; // throws when the map is closed
    this.#memory ??= this.mapValues(fd, true);
    return this.#memory;
  }

  override close(): void {
    this.#memory = undefined;
    super.close();
  }
}
