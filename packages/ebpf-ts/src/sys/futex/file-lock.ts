import { errno, func } from "../ffi/libc.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";
import { Errno } from "../../uapi/errno.ts";
import { Fcntl } from "../../uapi/uapi.gen.ts";
import { Flock } from "../../uapi/structs.gen.ts";

/**
 * Locks on single bytes of a file that belong to the open file description (F_OFD_*, fcntl(2), Linux 3.15), so that the kernel
 * gives them back when the last descriptor of it is closed, however the process ends. Bytes need not exist to be locked.
 */
const F_WRLCK = 1;
const F_UNLCK = 2;

const { l_type, l_start, l_len } = Flock.fields;

let scratch: KernelStruct<typeof Flock> | undefined;

function call(fd: number, command: number, type: number, byte: number): number {
  scratch ??= new KernelStruct(Flock);
  scratch.bytes.fill(0);
  scratch.put(l_type, type).put(l_start, byte).put(l_len, 1);
  const result = func("int fcntl(int fd, int command, intptr_t argument)")(fd, command, scratch.address);
  return result < 0 ? -errno() : scratch.number(l_type);
}

/** 1 when the byte is now locked by this description (also when it was before), 0 when another has it, or the negative errno. */
export function tryLockByte(fd: number, byte: number): number {
  const result = call(fd, Fcntl.OFD_SETLK, F_WRLCK, byte);
  if (result === -Errno.EAGAIN || result === -Errno.EACCES) return 0;
  return result < 0 ? result : 1;
}

/** 1 when another description has the byte locked, 0 when none has, or the negative errno. */
export function isByteLocked(fd: number, byte: number): number {
  const result = call(fd, Fcntl.OFD_GETLK, F_WRLCK, byte);
  return result < 0 ? result : Number(result !== F_UNLCK);
}
