/** Whether what a view shows is still there. One object is shared by all views of a collection, so that closing is one store. */
export interface Lifetime {
  readonly open: boolean;
  /** Whether user space may not write it any more, since the process was locked down so. */
  readonly sealed?: boolean;
}
