import { aBigInt, anObject, oneOf, powerOfTwo } from "../../base/checks.ts";
import { lengthMask } from "../record.ts";

/**
 * From where the pages of a record are counted, which differs by who writes the ring:
 *
 * ```text
 *   linux     the start of the kernel's struct bpf_ringbuf, so that the data begins at page 3 (see linuxMetaPages)
 *   windows   the start of the data, which is page 0
 *   user      not at all: user rings have 0 there, and so had the first versions of eBPF for Windows
 * ```
 * It is the page in which the *header* begins, also where the payload runs on into the next one, or around the end of the ring.
 */
export type PageOrigin = "linux" | "windows" | "user";

/** The ring that a record stands in, as far as its header depends on it. */
export interface RingLayout {
  /** Bytes of data: a power of two. */
  readonly size: number;
  readonly origin: PageOrigin;
  /** Of the host that wrote the ring; 4096 unless told otherwise. */
  readonly pageSize?: number | undefined;
}

/**
 * Pages of a struct bpf_ringbuf before its data: one that is never mapped (wait queue, lock, …), the consumer's, and the producer's
 * (RINGBUF_NR_META_PAGES in kernel/bpf/ringbuf.c). The same from Linux 5.8 on, and for every page size, since what the first
 * page holds is some 200 bytes and the others are aligned to pages.
 */
export const linuxMetaPages = 3;

const defaultPageSize = 4096;

/** What `pg_off` is in the header of a record at that position. */
export function pageOffsetAt(position: bigint, layout: RingLayout): number {
  aBigInt(position, "The position of pageOffsetAt()");
  checkLayout(layout);
  if (layout.origin === "user") return 0;
  const page = Math.floor(offsetOf(position, layout.size) / (layout.pageSize ?? defaultPageSize));
  return layout.origin === "linux" ? linuxMetaPages + page : page;
}

/** Where the record at a position begins in the data. */
export function offsetOf(position: bigint, size: number): number {
  return Number(position & BigInt(size - 1));
}

const checkSize = powerOfTwo(8, lengthMask + 1);
const checkPageSize = powerOfTwo(8, Infinity);
const checkOrigin = oneOf("linux", "windows", "user");

export function checkLayout(layout: RingLayout): void {
  anObject(layout, "The layout of a ring");
  const { size, origin, pageSize = defaultPageSize } = layout;
  checkSize(size, "The size of a ring");
  checkPageSize(pageSize, "The size of a page");
  checkOrigin(origin, "The origin of page offsets");
}
