/** Where a function stood in the file. */
export interface FunctionPlace {
  /** Index of its section. */
  readonly section: number;
  /** Bytes in it. */
  readonly offset: number;
}
