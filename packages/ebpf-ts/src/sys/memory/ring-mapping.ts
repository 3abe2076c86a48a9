import { mapMemory } from "./mapping.ts";

/**
 * Maps a file of `head` bytes and a ring of `size` bytes, the ring twice in a row, so that what passes its end is contiguous:
 * `head | data | data`. Gives the memory, or the negative errno. The file must be as long as `head + size`: a page that
 * the file has no longer faults with SIGBUS.
 */
export function mapRingFile(fd: number, head: number, size: number): ArrayBuffer | number {
  return mapMemory(
    { fd, offset: 0, length: head + size, writable: true },
    { fd, offset: head, length: size, writable: true },
  );
}
