import { Errno } from "../../uapi/errno.ts";
import { Fcntl } from "../../uapi/uapi.gen.ts";
import { errno, func } from "../ffi/libc.ts";

/** memfd_create(2) (Linux 3.17), and what files that are mapped need beyond what the runtime does. */
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_NOEXEC_SEAL = 8; // Linux 6.3
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;

/** A file without a path. Gives the descriptor, or the negative errno. */
export function createMemoryFile(name: string): number {
  const create = func("int memfd_create(str name, unsigned int flags)");
  const fd = create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd >= 0) return fd;
  if (errno() !== Errno.EINVAL) return -errno();
  const older = create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return older < 0 ? -errno() : older;
}

/** Fixes the size for good: nobody can truncate it under those who have it mapped (they would get SIGBUS). 0 or the negative errno. */
export function sealSize(fd: number): number {
  const seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  const result = func("int fcntl(int fd, int command, intptr_t argument)")(fd, Fcntl.ADD_SEALS, seals);
  return result < 0 ? -errno() : 0;
}

/** ftruncate(2). 0 or the negative errno. */
export function setLength(fd: number, length: number): number {
  return func("int ftruncate(int fd, int64_t length)")(fd, length) < 0 ? -errno() : 0;
}

/** Gives a file all of its pages now, so that a full file system is an error here, and no SIGBUS later. 0 or the negative errno. */
export function allocate(fd: number, length: number): number {
  return -func("int posix_fallocate(int fd, int64_t offset, int64_t length)")(fd, 0, length);
}
