import { errno, func } from "../ffi/libc.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";
import { Pollfd } from "../../uapi/structs.gen.ts";

export const POLLIN = 1;

let entry: KernelStruct<typeof Pollfd> | undefined;

/**
 * Looks up what {@link pollOne} needs. A worker does so when it opens a ring: in a thread that is being terminated a lookup
 * would end the process, while a call of what was looked up does no harm.
 */
export function preparePoll(): void {
  entry ??= new KernelStruct(Pollfd);
  poll();
  errno();
}

function poll(): ReturnType<typeof func> {
  return func("int poll(size_t entries, unsigned long count, int timeout)");
}

/** poll(2) of one descriptor, which blocks the calling thread: 1 when it is ready, 0 after `timeoutMs`, or the negative errno. */
export function pollOne(fd: number, events: number, timeoutMs: number): number {
  entry ??= new KernelStruct(Pollfd);
  entry.put(Pollfd.fields.fd, fd).put(Pollfd.fields.events, events);
  const result = poll()(entry.address, 1, timeoutMs);
  return result < 0 ? -errno() : result;
}
