import { POLLIN } from "../../../sys/poll/poll.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { check } from "../failure.ts";

/** The longest stay in the system call: a thread that blocks there cannot be terminated, and would hold up the process's end. */
const longestMs = 100;

/**
 * Blocks this thread until the ring behind `fd` is readable (poll(2), level-triggered: it looks before it sleeps), at most so many
 * milliseconds.
 */
export function waitReadable(sys: Sys, fd: number, timeoutMs: number): boolean {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const left = Math.max(end - performance.now(), 0);
    // A fraction of a millisecond is waited as a whole one, rather than spun.
    const result = sys.poll(fd, POLLIN, Math.ceil(Math.min(left, longestMs)));
    if (result !== -Errno.EINTR && check(result, "wait for a ring", "poll") > 0) return true;
    if (performance.now() >= end) return false;
  }
}
