/**
 * Changes of who a process is. The C library makes them in all threads (nptl(7)), which no system call does by itself. The runtime has them
 * in its main thread only; what it throws comes as it is: see `refusal`.
 */

/** Bun and others may not have them. */
export function canChangeUser(): boolean {
  const { setgroups, setgid, setuid } = process as Partial<NodeJS.Process>;
  return setgroups !== undefined && setgid !== undefined && setuid !== undefined;
}

export function setGroups(groups: readonly number[]): void {
  process.setgroups!([...groups]);
}

export function setGroup(gid: number): void {
  process.setgid!(gid);
}

/** The real, the effective and the saved one. From root to any other empties the capabilities (capabilities(7)). */
export function setUser(uid: number): void {
  process.setuid!(uid);
}
