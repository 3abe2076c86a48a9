import { addressOf, func } from "./libc.ts";

/** Where mapped memory stands; survives `postMessage`. */
export interface MappedArea {
  readonly address: number;
  readonly length: number;
}

/** Never collected: what watches the memory would unmap it a second time. */
const unmapped = new Set<ArrayBufferLike>();

const PROT_READ_WRITE = 3;
/** MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE */
const emptied = 0x4032;

/**
 * Gives what lets go of memory at the end of a worker thread, whose garbage is never collected: the mapping would stay until the
 * process ends. The addresses stay, as empty pages of nobody: what the thread does last (a listener of `exit`) may still touch a view.
 * It is idempotent, does not keep the memory alive, and leaves alone what was collected before. Everything is looked up beforehand: a
 * thread that is being terminated can still call a function with numbers, but anything that makes objects would end the process.
 */
export function unmapperOf(buffers: readonly ArrayBufferLike[]): () => void {
  const mmap = func(
    "intptr_t mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)",
  );
  const areas = mapped(buffers).map((buffer) => ({ memory: new WeakRef(buffer), ...areaOf(buffer) }));
  return () => {
    for (const { memory, address, length } of areas) {
      const buffer = memory.deref();
      if (buffer === undefined || unmapped.has(buffer)) continue;
      unmapped.add(buffer);
      mmap(address, length, PROT_READ_WRITE, emptied, -1, 0);
    }
  };
}

/** Where they stand, for {@link unmapAreas} of another thread. */
export function areasOf(buffers: readonly ArrayBufferLike[]): readonly MappedArea[] {
  return mapped(buffers).map(areaOf);
}

/** Unmaps what a thread of this process has left behind. */
export function unmapAreas(areas: readonly MappedArea[]): void {
  const munmap = func("int munmap(intptr_t address, size_t length)");
  for (const { address, length } of areas) munmap(address, length);
}

/** Some share a buffer; memory that is shared between threads was not mapped. */
function mapped(buffers: readonly ArrayBufferLike[]): ArrayBuffer[] {
  return [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer);
}

function areaOf(buffer: ArrayBuffer): MappedArea {
  return { address: addressOf(buffer), length: buffer.byteLength };
}
