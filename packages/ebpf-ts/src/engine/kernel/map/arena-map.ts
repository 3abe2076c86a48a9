import { EbpfError } from "../../../base/errors.ts";
import { Errno } from "../../../uapi/errno.ts";
import { failure } from "../failure.ts";
import { KernelMap, type MapParts } from "./kernel-map.ts";

/** Where an arena lies in this process, and how much it is there. */
interface Place {
  readonly address: number;
  readonly length: number;
}

/**
 * An arena (Linux 6.9): memory that programs and user space have at the same addresses. No view of it is handed out: a program can take
 * its pages away, and touching those may end the process. What is copied from there by the kernel fails instead.
 */
export class ArenaMap extends KernelMap {
  readonly #wanted: bigint;
  #place: Place | undefined;

  /** `wanted` is the address that the object chose (`map_extra`), or 0. */
  constructor(parts: MapParts, wanted: bigint) {
    super(parts);
    this.#wanted = wanted;
  }

  /** Gives it its addresses: the verifier takes no program before. */
  place(): void {
    const length = this.info.maxEntries * this.sys.pageSize();
    const address = this.sys.mapArena(this.fd, Number(this.#wanted), length);
    if (address < 0) throw failure(address, `map arena ${this.info.name}`, "mmap", whyNot(-address, this.#wanted));
    this.#place = { address, length };
  }

  readBytes(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#checkCopied(this.sys.readMemory(this.#at(offset, length), bytes), length, "read");
    return bytes;
  }

  writeBytes(offset: number, bytes: Uint8Array): void {
    this.refuseSealed("write");
    this.#checkCopied(this.sys.writeMemory(this.#at(offset, bytes.length), bytes), bytes.length, "write");
  }

  override close(): void {
    if (this.#place !== undefined) this.sys.unmapArena(this.#place.address, this.#place.length);
    this.#place = undefined;
    super.close();
  }

  #at(offset: number, length: number): number {
    const { fd } = this; // throws when the map is closed
    const place = this.#place;
    if (place === undefined)
      throw new EbpfError(
        "NOT_SUPPORTED",
        `Cannot use the memory of arena ${this.info.name}: descriptor ${fd} was opened, and only who makes an arena gets its addresses`,
      );
    if (offset + length <= place.length) return place.address + offset;
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot use byte ${offset + length} of arena ${this.info.name}: it has ${place.length} (${this.info.maxEntries} pages)`,
    );
  }

  #checkCopied(result: number, length: number, action: string): void {
    if (result === length) return;
    const errno = result < 0 ? result : -Errno.EFAULT;
    throw failure(
      errno,
      `${action} arena ${this.info.name}`,
      "process_vm_readv",
      "its pages are gone, or there is no memory",
    );
  }
}

function whyNot(errno: number, wanted: bigint): string | undefined {
  if (errno === Errno.EEXIST || errno === Errno.EBUSY)
    return `this process has something else at 0x${wanted.toString(16)}, the address that the object wants (map_extra)`;
  return undefined;
}
