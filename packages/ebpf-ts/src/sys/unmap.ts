import { addressOf, func } from "./libc.ts";

/** Never collected: what watches the memory would unmap it a second time. */
const unmapped = new Set<ArrayBufferLike>();

/**
 * Unmaps memory at the end of a worker thread, whose garbage is never collected: the mapping would stay until the process ends. No
 * view of it may be used any more. Idempotent.
 */
export function unmapAtEnd(buffer: ArrayBufferLike): void {
  if (!(buffer instanceof ArrayBuffer) || unmapped.has(buffer)) return;
  unmapped.add(buffer);
  func("int munmap(intptr_t address, size_t length)")(addressOf(buffer), buffer.byteLength);
}
