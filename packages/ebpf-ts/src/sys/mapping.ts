import { markAsUntransferable } from "node:worker_threads";
import { Errno } from "../uapi/errno.ts";
import { errno, func, viewOf } from "./libc.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;

export interface MappingOptions {
  readonly fd: number;
  /** Bytes, a multiple of the page size. */
  readonly offset: number;
  /** Bytes. The kernel refuses more than the file has (`EINVAL`), so there is no page that could fault with SIGBUS. */
  readonly length: number;
  readonly writable: boolean;
}

let mapped = 0;

/**
 * The kernel lets a process have 65,530 areas (vm.max_map_count), of which a ring takes up to three. Where there are no more, the
 * allocator of Node and koffi ends the process; so who opens and closes faster than garbage is collected is refused before.
 */
const mostMappings = 16_384;

/**
 * Unmaps when the last typed array over the memory is gone. `close()` cannot do so, since anybody may still hold one,
 * and touching it would then end the process.
 */
const unreachable = new FinalizationRegistry<{ readonly address: number; readonly length: number }>((memory) => {
  mapped -= 1;
  func("int munmap(intptr_t address, size_t length)")(memory.address, memory.length);
});

/** How many mappings exist, closed ones that are still reachable included. */
export function openMappings(): number {
  return mapped;
}

/** Maps a file. Gives the memory, or the negative errno. A read-only mapping must never be handed out: a write to it is fatal. */
export function mapMemory(options: MappingOptions): ArrayBuffer | number {
  const { fd, offset, length, writable } = options;
  if (!mayMap()) return -Errno.ENOMEM;
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const mmap = func(
    "intptr_t mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)",
  );
  const address = mmap(0, length, protection, MAP_SHARED, fd, offset);
  return address === -1 ? -errno() : ownMapping(address, length);
}

/** Whether this thread may map more. */
export function mayMap(): boolean {
  return mapped < mostMappings;
}

/** The ArrayBuffer over memory that was mapped at `address`; it is unmapped when nobody can reach the buffer any more. */
export function ownMapping(address: number, length: number): ArrayBuffer {
  const buffer = viewOf(address, length);
  keepInPlace(buffer);
  mapped += 1;
  unreachable.register(buffer, { address, length });
  return buffer;
}

/** The memory would outlive the ArrayBuffer that the registry watches if another one took it over. */
function keepInPlace(buffer: ArrayBuffer): void {
  markAsUntransferable(buffer);
  const refuse = (): never => {
    throw new TypeError("Cannot transfer memory that is mapped from the kernel");
  };
  for (const name of ["transfer", "transferToFixedLength"]) Object.defineProperty(buffer, name, { value: refuse });
}

/** Bytes of a page of memory. */
export function pageSize(): number {
  return func("int getpagesize()")();
}
