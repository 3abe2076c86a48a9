import { EbpfError } from "../../../base/errors.ts";
import { mapKind } from "../../../kinds/map-kinds.ts";
import type { RingMemory } from "../../../ring/ring-memory.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { RB_OVERWRITE } from "../../../uapi/ring-overwrite.ts";
import type { MapInfo } from "../../map.ts";
import { failure } from "../failure.ts";

/** Of the overwrite position in the producer page. */
const overwriteAt = 16;

/** Bytes: an offset into the data, which stands there twice, is a number of 31 bits. */
const largestRing = 2 ** 30;

/** `open` is set to false by whoever mapped it. */
export type MappedRing = RingMemory & { open: boolean };

/**
 * Maps a ring. The two kinds, by mmap offset (kernel/bpf/ringbuf.c):
 *
 * ```text
 *   0         consumer page    event ring: read-write    user ring: read-only
 *   1 page    producer page    event ring: read-only     user ring: read-write
 *             producer, pending and, from Linux 6.19 on, overwrite position: a u64 each
 *   2 pages   data, twice      like the producer page
 * ```
 */
export function mapRing(sys: Sys, fd: number, { name, type, flags, maxEntries: size }: MapInfo): MappedRing {
  if (size > largestRing) {
    throw new EbpfError(
      "NOT_SUPPORTED",
      `Cannot open ring ${name}: its ${size} bytes are more than the ${largestRing} that can be read here`,
    );
  }
  const page = sys.pageSize();
  const isEventRing = mapKind(type).ring === "event";
  const consumer = mapPages(sys, name, { fd, offset: 0, length: page, writable: isEventRing });
  const producer = mapPages(sys, name, { fd, offset: page, length: page + 2 * size, writable: !isEventRing });
  return {
    size,
    consumer: new BigUint64Array(consumer, 0, 1),
    producer: new BigUint64Array(producer, 0, 1),
    overwrite: (flags & RB_OVERWRITE) === 0 ? undefined : new BigUint64Array(producer, overwriteAt, 1),
    data: new Uint8Array(producer, page, 2 * size),
    open: true,
  };
}

function mapPages(sys: Sys, name: string, options: Parameters<Sys["map"]>[0]): ArrayBuffer {
  const buffer = sys.map(options);
  if (typeof buffer === "number") throw failure(buffer, `map the memory of ring ${name}`, "mmap");
  return buffer;
}
