import { addressOf, func } from "./libc.ts";

/** Where mapped memory stands; survives `postMessage`. */
export interface MappedArea {
  readonly address: number;
  readonly length: number;
}

/** Never collected: what watches the memory would unmap it a second time. */
const unmapped = new Set<ArrayBufferLike>();

/**
 * Gives what unmaps memory at the end of a worker thread, whose garbage is never collected: the mapping would stay until the process
 * ends. No view of it may be used after that call, which is idempotent. It does not keep the memory alive, and leaves alone what
 * was collected before. Everything is looked up beforehand: a thread that is being terminated can still call a function with numbers,
 * but anything that makes objects would end the process.
 */
export function unmapperOf(buffers: readonly ArrayBufferLike[]): () => void {
  const munmap = lookUp();
  const areas = mapped(buffers).map((buffer) => ({ memory: new WeakRef(buffer), ...areaOf(buffer) }));
  return () => {
    for (const { memory, address, length } of areas) {
      const buffer = memory.deref();
      if (buffer === undefined || unmapped.has(buffer)) continue;
      unmapped.add(buffer);
      munmap(address, length);
    }
  };
}

/** Where they stand, for {@link unmapAreas} of another thread. */
export function areasOf(buffers: readonly ArrayBufferLike[]): readonly MappedArea[] {
  return mapped(buffers).map(areaOf);
}

/** Unmaps what a thread of this process has left behind. */
export function unmapAreas(areas: readonly MappedArea[]): void {
  const munmap = lookUp();
  for (const { address, length } of areas) munmap(address, length);
}

/** Some share a buffer; memory that is shared between threads was not mapped. */
function mapped(buffers: readonly ArrayBufferLike[]): ArrayBuffer[] {
  return [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer);
}

function areaOf(buffer: ArrayBuffer): MappedArea {
  return { address: addressOf(buffer), length: buffer.byteLength };
}

function lookUp(): ReturnType<typeof func> {
  return func("int munmap(intptr_t address, size_t length)");
}
