import { errno, func } from "./libc.ts";
import { pinned, type Pinned } from "./pinned.ts";

export const POLLIN = 1;

/** `struct pollfd`: int fd, short events, short revents. */
let entry: Pinned | undefined;

/** poll(2) of one descriptor, which blocks the calling thread: 1 when it is ready, 0 after `timeoutMs`, or the negative errno. */
export function pollOne(fd: number, events: number, timeoutMs: number): number {
  entry ??= pinned(8);
  entry.view.setInt32(0, fd, true);
  entry.view.setInt16(4, events, true);
  const result = func("int poll(size_t entries, unsigned long count, int timeout)")(entry.address, 1, timeoutMs);
  return result < 0 ? -errno() : result;
}
