/** What is attached to a place. */
export interface QueriedPrograms {
  /**
   * Another number whenever a program was attached, replaced or detached there; undefined where the kernel does not count that (cgroups before
   * Linux 6.17).
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
