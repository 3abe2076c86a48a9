/**
 * Zeroed bytes outside of the machine's memory which all its threads see: the one place where the embedded engine asks the host for
 * them. A browser has them only in a page that is cross-origin isolated.
 */
export function sharedBytes(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(size);
}
