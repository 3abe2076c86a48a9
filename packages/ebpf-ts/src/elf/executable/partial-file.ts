/** A file that is read in pieces: executables may be far larger than what is asked of them. */
export interface PartialFile {
  readonly size: number;
  /** `length` bytes from `offset`; fewer where the file ends. */
  read(offset: number, length: number): Uint8Array;
}
