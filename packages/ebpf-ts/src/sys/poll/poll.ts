import { errno, func } from "../ffi/libc.ts";
import { pinned, type Pinned } from "../ffi/pinned.ts";

export const POLLIN = 1;

/** `struct pollfd`: int fd, short events, short revents. */
let entry: Pinned | undefined;

/**
 * Looks up what {@link pollOne} needs. A worker does so when it opens a ring: in a thread that is being terminated a lookup
 * would end the process, while a call of what was looked up does no harm.
 */
export function preparePoll(): void {
  entry ??= pinned(8);
  poll();
  errno();
}

function poll(): ReturnType<typeof func> {
  return func("int poll(size_t entries, unsigned long count, int timeout)");
}

/** poll(2) of one descriptor, which blocks the calling thread: 1 when it is ready, 0 after `timeoutMs`, or the negative errno. */
export function pollOne(fd: number, events: number, timeoutMs: number): number {
  entry ??= pinned(8);
  entry.view.setInt32(0, fd, true);
  entry.view.setInt16(4, events, true);
  const result = poll()(entry.address, 1, timeoutMs);
  return result < 0 ? -errno() : result;
}
