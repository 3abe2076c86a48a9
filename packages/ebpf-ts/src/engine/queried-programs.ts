/** What is attached to a place. */
export interface QueriedPrograms {
  /**
   * Another number whenever a program was attached, replaced or detached there, as long as one is left: when the last goes from an interface, the
   * kernel tells 1 again, as before the first; netkit goes on counting all the same, and so finds that 1 STALE. Undefined where the kernel does not
   * count (cgroups before Linux 6.17).
   */
  readonly revision: number | undefined;
  /** In the order in which they run. */
  readonly programs: readonly QueriedProgram[];
}

/** One of them. */
export interface QueriedProgram {
  /** Its `info.id`. */
  readonly program: number;
  /** The `info.id` of its link; undefined where it has none, and of cgroups, where the kernel does not tell. */
  readonly link: number | undefined;
}
