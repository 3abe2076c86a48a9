import { EbpfError } from "../base/errors.ts";

/**
 * The file of a shared ring. Pages are the machine's.
 *
 * ```text
 *   page 0   head, as 32-bit words
 *              0  magic "ebpfring"    2  version    3  page size    4  data size    5  number of slots
 *             16  lock of the producer position: the owner's token, bit 31 when somebody sleeps on it, or 0
 *             32  data bell           48  room bell             (see Doorbell: asleep, sequence)
 *             64  abandoned           (see AbandonedCount: three u64)
 *             80  process of the consumer
 *            256  generation of each slot
 *            512  process of each slot
 *   page 1   consumer position        page 2   producer position        page 3   data
 * ```
 * Which producer or consumer lives is not in the file: it is a lock on a byte of it (see Slots).
 */
export const Word = {
  version: 2,
  pageSize: 3,
  dataSize: 4,
  slots: 5,
  lock: 16,
  dataBell: 32,
  roomBell: 48,
  abandoned: 64,
  consumerProcess: 80,
  generations: 256,
  processes: 512,
} as const;

/** Of an AbandonedCount. */
export function abandonedCells(words: Int32Array): BigUint64Array {
  return new BigUint64Array(words.buffer, words.byteOffset + 4 * Word.abandoned, 3);
}

/** Producers at a time. */
export const slotCount = 256;
/** The byte of the file that the consumer has locked: the one behind the producers'. */
export const consumerByte = 256;

export const headWords = 1024;
const version = 1;
const magic = [0x66706265, 0x676e6972] as const; // "ebpfring"
/** Bytes of data that a ring has at most. */
export const largestSize: number = 2 ** 30;

/** Pages before the data. */
const headPages = 3;

export function headSize(pageSize: number): number {
  return headPages * pageSize;
}

/** The magic last: without it nobody takes the file for a ring. */
export function writeHead(words: Int32Array, size: number, pageSize: number): void {
  words[Word.version] = version;
  words[Word.pageSize] = pageSize;
  words[Word.dataSize] = size;
  words[Word.slots] = slotCount;
  Atomics.store(words, 1, magic[1]);
  Atomics.store(words, 0, magic[0]);
}

/** The data size that a head tells, once everything about it is right. Throws BAD_RING. */
export function readHead(words: Int32Array, fileSize: number, pageSize: number, what: string): number {
  const refuse = (fault: string): never => {
    throw new EbpfError("BAD_RING", `Cannot open ${what}: ${fault}`);
  };
  if (words[0] !== magic[0] || words[1] !== magic[1]) refuse("the file is no shared ring");
  if (words[Word.version] !== version) refuse(`its version is ${words[Word.version]}, this library knows ${version}`);
  const size = words[Word.dataSize]!;
  if (words[Word.pageSize] !== pageSize)
    refuse(`its pages have ${words[Word.pageSize]} bytes, this machine's have ${pageSize}`);
  if (words[Word.slots] !== slotCount) refuse(`it has ${words[Word.slots]} slots, this library knows ${slotCount}`);
  if (size < pageSize || size > largestSize || (size & (size - 1)) !== 0) refuse(`it claims a size of ${size} bytes`);
  if (fileSize < headSize(pageSize) + size)
    refuse(`it claims ${size} bytes of data, but its file has only ${fileSize} bytes`);
  return size;
}
