import { readIfThere } from "../../host/system-files.ts";
import { Errno } from "../../uapi/errno.ts";
import { Protection } from "../../uapi/uapi.gen.ts";
import { addressOf, errno, func } from "../ffi/libc.ts";
import { reserve } from "./reserve.ts";

const MAP_SHARED = 1;
/** MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE */
const emptied = 0x4032;
/** MREMAP_MAYMOVE | MREMAP_FIXED */
const toPlace = 3;

export interface MappingOptions {
  readonly fd: number;
  /** Bytes, a multiple of the page size. */
  readonly offset: number;
  /** Bytes, whole pages. The kernel refuses more than the file has (`EINVAL`), so there is no page that could fault with SIGBUS. */
  readonly length: number;
  readonly writable: boolean;
}

let mapped = 0;

/** Memory areas that a mapping takes at most. */
const areasOfMapping = 6;
/**
 * The kernel lets a process have 65,530 areas (vm.max_map_count). Where there are no more, the allocator of Node and koffi ends the
 * process; so who maps more than is collected is refused before.
 */
const mostAreas = 49_152;
/** So many mappings cannot take them all: nobody counts areas before. */
const fewMappings = mostAreas / areasOfMapping;
/** The same for all threads together, by the addresses that V8 takes for each (reserve.ts): bytes, of the 128 TiB of a process. */
const mostAddresses = 80 * 2 ** 40;

const unreachable = new FinalizationRegistry<undefined>(() => (mapped -= 1));

/** Mappings that may be made before the areas are counted again. */
let uncounted = 0;

function mayMap(): boolean {
  return haveAreas() && addressesInUse() < mostAddresses;
}

/**
 * What was collected counts as mapped until the turn of the loop is over, for finalizers run after it: a thread that maps and closes within
 * one turn asks the kernel what is left.
 */
function haveAreas(): boolean {
  if (mapped < fewMappings) return true;
  if (uncounted === 0) uncounted = Math.max(0, Math.floor((mostAreas - areasInUse()) / areasOfMapping));
  if (uncounted === 0) return false;
  uncounted -= 1;
  return true;
}

/** Of the whole process: each has a line. All of them where that cannot be read, so that none is taken. */
function areasInUse(): number {
  return readIfThere("/proc/self/maps")?.split("\n").length ?? mostAreas;
}

/** Bytes, of the whole process. */
function addressesInUse(): number {
  // Where no descriptor is left for it, or there is no such file system, each thread counts its own.
  return Number.parseInt(readIfThere("/proc/self/statm") ?? "0", 10) * pageSize();
}

/** How many mappings exist, closed ones that are still reachable included. */
export function openMappings(): number {
  return mapped;
}

/**
 * Maps parts of files, one after the other. Gives the memory, or the negative errno. The ArrayBuffer is longer than the parts, by pages
 * that belong to nobody. It stays mapped until nobody can reach it: `close()` of whatever cannot unmap it, since anybody may still hold
 * a typed array, and touching that would end the process. A read-only mapping must never be handed out: a write to it is fatal.
 */
export function mapMemory(...parts: readonly MappingOptions[]): ArrayBuffer | number {
  if (!mayMap()) return -Errno.ENOMEM;
  const place = reserve(parts.reduce((sum, { length }) => sum + length, 0));
  if (typeof place === "number") return place;
  const { buffer } = place;
  mapped += 1;
  unreachable.register(buffer, undefined);
  let { address } = place;
  for (const part of parts) {
    const failed = mapAt(address, part);
    if (failed < 0) return failed;
    address += part.length;
  }
  return buffer;
}

/**
 * The same part once more for reading only, in place of what is mapped there: no mprotect(2) makes it writable again. 0, or the negative
 * errno. A store into the memory ends the process from now on.
 */
export function mapReadOnlyInPlace(memory: ArrayBuffer, part: Omit<MappingOptions, "writable">): number {
  return mapAt(addressOf(memory), { ...part, writable: false });
}

/**
 * Maps somewhere, and moves that to its place: where a mapping is refused, MAP_FIXED leaves a hole, in which another thread's memory
 * might come to lie.
 */
function mapAt(address: number, { fd, offset, length, writable }: MappingOptions): number {
  const mmap = func(
    "intptr_t mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)",
  );
  const mremap = func("intptr_t mremap(intptr_t old, size_t old_size, size_t size, int flags, intptr_t address)");
  const found = mmap(
    0,
    length,
    writable ? Protection.READ | Protection.WRITE : Protection.READ,
    MAP_SHARED,
    fd,
    offset,
  );
  if (found === -1) return -errno();
  if (mremap(found, length, length, toPlace, address) !== -1) return 0;
  const failure = -errno();
  mmap(address, length, Protection.NONE, emptied, -1, 0);
  func("int munmap(intptr_t address, size_t length)")(found, length);
  return failure;
}

/** Bytes of a page of memory. */
export function pageSize(): number {
  return func("int getpagesize()")();
}
