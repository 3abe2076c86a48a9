import { addressOf, func } from "./libc.ts";

/** Never collected: what watches the memory would unmap it a second time. */
const unmapped = new Set<ArrayBufferLike>();

/**
 * Gives what unmaps memory at the end of a worker thread, whose garbage is never collected: the mapping would stay until the process
 * ends. No view of it may be used after that call, which is idempotent. Everything is looked up beforehand: a thread that is being
 * terminated can still call a function with numbers, but anything that makes objects would end the process.
 */
export function unmapperOf(buffers: readonly ArrayBufferLike[]): () => void {
  const munmap = func("int munmap(intptr_t address, size_t length)");
  const own = new Set(buffers.filter((buffer) => buffer instanceof ArrayBuffer));
  const areas = [...own].map((buffer) => ({ buffer, address: addressOf(buffer), length: buffer.byteLength }));
  return () => {
    for (const { buffer, address, length } of areas) {
      if (unmapped.has(buffer)) continue;
      unmapped.add(buffer);
      munmap(address, length);
    }
  };
}
