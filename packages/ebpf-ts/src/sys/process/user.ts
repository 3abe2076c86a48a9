/**
 * Changes of who a process is, by the C library, which makes them in all threads (nptl(7)): a system call makes them in one. 0, or the
 * negative errno.
 */
import { addressOf, errno, func } from "../ffi/libc.ts";

/** All groups beside the first one. */
export function setGroups(groups: readonly number[]): number {
  const list = Uint32Array.from(groups);
  return checked(
    func("int setgroups(size_t count, size_t list)")(list.length, list.length === 0 ? 0 : addressOf(list)),
  );
}

/** The real, the effective and the saved one, for who has CAP_SETGID. */
export function setGroup(gid: number): number {
  return checked(func("int setgid(uint gid)")(gid));
}

/** The same for who has CAP_SETUID. From root to any other it empties the capabilities (capabilities(7)). */
export function setUser(uid: number): number {
  return checked(func("int setuid(uint uid)")(uid));
}

function checked(result: number): number {
  return result < 0 ? -errno() : 0;
}
