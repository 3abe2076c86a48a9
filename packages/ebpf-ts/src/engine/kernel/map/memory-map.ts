import { BatchMap } from "./batch-map.ts";
import { failure } from "../failure.ts";
import { lockedDownBy } from "../../../host/locked-down.ts";
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
    this.#frozen ||= this.sealed || this.#isFrozen();
    return this.#frozen;
  }

  /** Where no file can be opened any more, the kernel tells it to who tries: it maps what is frozen for reading only. */
  #isFrozen(): boolean {
    const { fd } = this;
    if (lockedDownBy("files") !== undefined) return typeof this.tryMapping(fd, true) === "number";
    return /^frozen:\s*1$/m.test(
      readHostFile(`/proc/self/fdinfo/${fd}`, `ask whether map ${this.info.name} is frozen`),
    );
  }

  override close(): void {
    this.#readOnly = undefined;
    super.close();
  }

  protected mapValues(fd: number, writable: boolean): Uint8Array {
    const buffer = this.tryMapping(fd, writable);
    if (typeof buffer === "number") {
      const why = writable ? "it is frozen, or not to be written by user space" : "it is not to be read by user space";
      throw failure(buffer, `map the memory of map ${this.info.name}`, "mmap", why);
    }
    return new Uint8Array(buffer, 0, this.#bytes);
  }

  /** All of it, or the negative errno. */
  protected tryMapping(fd: number, writable: boolean): ArrayBuffer | number {
    return this.sys.map({ fd, offset: 0, length: this.length, writable });
  }

  /** Of whole pages. */
  protected get length(): number {
    const page = this.sys.pageSize();
    return Math.ceil(this.#bytes / page) * page;
  }

  get #bytes(): number {
    return this.info.maxEntries * Math.ceil(this.info.valueSize / 8) * 8;
  }
}

/** The same where user space may write. The kernel refuses such a mapping of a map that is frozen, and freezing one that has it. */
export class MemoryMap extends ReadOnlyMemoryMap {
  #memory: Uint8Array | undefined;

  memory(): Uint8Array {
    const { fd } = this; // throws when the map is closed
    this.refuseSealed("map for writing");
    this.#memory ??= this.mapValues(fd, true);
    return this.#memory;
  }

  get openMemory(): Uint8Array | undefined {
    return this.#memory;
  }

  override seal(): void {
    super.seal();
    const buffer = this.#memory?.buffer;
    if (!(buffer instanceof ArrayBuffer)) return;
    const { fd, length } = this;
    const result = this.sys.mapReadOnlyInPlace(buffer, { fd, offset: 0, length });
    if (result < 0) throw failure(result, `map the memory of map ${this.info.name} for reading only`, "mmap");
  }

  override close(): void {
    this.#memory = undefined;
    super.close();
  }
}
