import { EbpfError } from "../../../base/errors.ts";
import { Errno } from "../../../uapi/errno.ts";
import { failure } from "../failure.ts";
import { KernelMap, type MapParts } from "./kernel-map.ts";

/** Where an arena lies in this process, how much it is there, and of how many maps of ours. */
interface Place {
  readonly address: number;
  readonly length: number;
  users: number;
}

/** By the id of the arena: a process has it once. */
const places = new Map<number, Place>();

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

  /** Gives it its addresses, which are the same in each process: the verifier takes no program before. */
  place(): void {
    const { id } = this.info;
    const place = places.get(id) ?? this.#map();
    place.users += 1;
    places.set(id, place);
    this.#place = place;
  }

  /** The same for one that was there already. Its address is known where it is that of its `map_extra`, or this thread has it; the kernel tells nobody. */
  placeAgain(): void {
    if (this.#wanted !== 0n || places.has(this.info.id)) this.place();
  }

  #map(): Place {
    const length = this.info.maxEntries * this.sys.pageSize();
    const address = this.sys.mapArena(this.fd, Number(this.#wanted), length);
    if (address >= 0) return { address, length, users: 0 };
    throw failure(address, `map arena ${this.info.name}`, "mmap", whyNot(-address, this.#wanted));
  }

  readBytes(offset: number, length: number): Uint8Array {
    const address = this.#at(offset, length);
    const bytes = new Uint8Array(length);
    this.#checkCopied(this.sys.readMemory(address, bytes), length, "read");
    return bytes;
  }

  writeBytes(offset: number, bytes: Uint8Array): void {
    this.refuseSealed("write");
    this.#checkCopied(this.sys.writeMemory(this.#at(offset, bytes.length), bytes), bytes.length, "write");
  }

  /** Who has made it has mapped it, as long as it is open. */
  protected override get unfreezable(): string {
    return this.#place === undefined ? super.unfreezable : "it is an arena, whose memory is mapped for writing";
  }

  override close(): void {
    const place = this.#place;
    this.#place = undefined;
    if (place !== undefined && (place.users -= 1) === 0) {
      this.sys.unmapArena(place.address, place.length);
      places.delete(this.info.id);
    }
    super.close();
  }

  #at(offset: number, length: number): number {
    void this.fd; // throws when the map is closed
    const place = this.#place;
    if (place === undefined)
      throw new EbpfError(
        "NOT_SUPPORTED",
        `Cannot use the memory of arena ${this.info.name}: it was there already, and the kernel does not tell where it lies: make it with an address of its own (map_extra), and load it with its object`,
      );
    if (offset >= 0 && offset + length <= place.length) return place.address + offset;
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot use bytes ${offset} to ${offset + length} of arena ${this.info.name}: it has ${place.length} (${this.info.maxEntries} pages)`,
    );
  }

  #checkCopied(result: number, length: number, action: string): void {
    if (result === length) return;
    const errno = result < 0 ? result : -Errno.EFAULT;
    throw failure(
      errno,
      `${action} arena ${this.info.name}`,
      action === "read" ? "process_vm_readv" : "process_vm_writev",
      "it has no page there, or there is no memory",
    );
  }
}

function whyNot(errno: number, wanted: bigint): string | undefined {
  if (errno !== Errno.EEXIST && errno !== Errno.EBUSY) return undefined;
  return `this process has something else at 0x${wanted.toString(16)}, the address that the object wants (map_extra)`;
}
