import { Errno } from "../uapi/errno.ts";
import { errno, func } from "./libc.ts";
import { mayMap, ownMapping } from "./mapping.ts";

const PROT_NONE = 0;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FIXED = 0x10;
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE */
const placeholder = 0x4022;

/**
 * Maps a file of `head` bytes and a ring of `size` bytes, the ring twice in a row, so that what passes its end is contiguous:
 * `head | data | data`. Gives the memory, or the negative errno. The file must be as long as `head + size`: a page that
 * the file has no longer faults with SIGBUS.
 */
export function mapRingFile(fd: number, head: number, size: number): ArrayBuffer | number {
  if (!mayMap()) return -Errno.ENOMEM;
  const mmap = func(
    "intptr_t mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)",
  );
  const length = head + 2 * size;
  const base = mmap(0, length, PROT_NONE, placeholder, -1, 0);
  if (base === -1) return -errno();
  const first = mmap(base, head + size, PROT_READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  const second = first === -1 ? -1 : mmap(base + head + size, size, PROT_READ_WRITE, MAP_SHARED | MAP_FIXED, fd, head);
  if (second !== -1) return ownMapping(base, length);
  const failure = -errno();
  func("int munmap(intptr_t address, size_t length)")(base, length);
  return failure;
}
