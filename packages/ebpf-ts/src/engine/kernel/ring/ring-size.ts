/** The largest power of two in a u32. */
const LARGEST = 2 ** 31;

/** The kernel wants a ring's size to be a power of two and a multiple of the page; libbpf rounds up in the same way. */
export function ringSize(entries: number, pageSize: number): number {
  let size = pageSize;
  while (size < entries && size < LARGEST) size *= 2;
  return size;
}
