import { errno, func } from "../ffi/libc.ts";
import { pinned, putWord } from "../ffi/pinned.ts";
import type { Pinned } from "../ffi/pinned.ts";
import { Errno } from "../../uapi/errno.ts";

/**
 * Locks on single bytes of a file that belong to the open file description (F_OFD_*, fcntl(2), Linux 3.15), so that the kernel
 * gives them back when the last descriptor of it is closed, however the process ends. Bytes need not exist to be locked.
 */
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const F_UNLCK = 2;

/** `struct flock` of 64-bit systems: s16 type, s16 whence (0: from the start), s64 start, s64 length, s32 pid (0). */
const flock: { readonly type: number; readonly start: number; readonly length: number; readonly size: number } = {
  type: 0,
  start: 8,
  length: 16,
  size: 32,
};

let scratch: Pinned | undefined;

function call(fd: number, command: number, type: number, byte: number): number {
  scratch ??= pinned(flock.size);
  const { view, bytes, address } = scratch;
  bytes.fill(0);
  view.setInt16(flock.type, type, true);
  putWord(view, flock.start, byte);
  putWord(view, flock.length, 1);
  const result = func("int fcntl(int fd, int command, intptr_t argument)")(fd, command, address);
  return result < 0 ? -errno() : view.getInt16(flock.type, true);
}

/** 1 when the byte is now locked by this description (also when it was before), 0 when another has it, or the negative errno. */
export function tryLockByte(fd: number, byte: number): number {
  const result = call(fd, F_OFD_SETLK, F_WRLCK, byte);
  if (result === -Errno.EAGAIN || result === -Errno.EACCES) return 0;
  return result < 0 ? result : 1;
}

/** 1 when another description has the byte locked, 0 when none has, or the negative errno. */
export function isByteLocked(fd: number, byte: number): number {
  const result = call(fd, F_OFD_GETLK, F_WRLCK, byte);
  return result < 0 ? result : Number(result !== F_UNLCK);
}
