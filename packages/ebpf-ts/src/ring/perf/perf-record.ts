import { EbpfError } from "../../base/errors.ts";

/**
 * One record (uapi `struct perf_event_header`):
 *
 * ```text
 *   0   u32 type     1… : what follows
 *   4   u16 misc
 *   6   u16 size     of the whole record
 *   8   SAMPLE       u32 length, then as many bytes: what the program wrote, padded to the end of the record
 *       LOST         u64 id, u64 count
 *       LOST_SAMPLES u64 count
 * ```
 */
export const perfHeaderSize = 8;
export const perfRecordLost = 2;
export const perfRecordSample = 9;
export const perfRecordLostSamples = 13;

/** Where the bytes of a sample begin: the padding is part of its length, so that they end with the record. */
export const perfPayloadAt = 12;

/** Throws BAD_RING unless a record of `size` bytes can stand where `available` bytes are. */
export function checkRecordSize(size: number, available: number, name: string): void {
  if (size >= perfHeaderSize && size % 8 === 0 && size <= available) return;
  throw badRing(name, `a record says that it has ${size} bytes, where there are ${available}`);
}

/** Bytes of a sample. */
export function sampleLength(view: DataView, at: number, size: number, name: string): number {
  const length = size < perfPayloadAt ? -1 : view.getUint32(at + perfHeaderSize, true);
  if (length >= 0 && length <= size - perfPayloadAt) return length;
  throw badRing(name, `a sample of ${size} bytes says that ${length} of them are the program's`);
}

/** Events that a LOST record tells of; 0 for any other record that is no sample. */
export function lostCount(view: DataView, at: number, size: number, name: string): number {
  const type = view.getUint32(at, true);
  if (type !== perfRecordLost && type !== perfRecordLostSamples) return 0;
  const countAt = type === perfRecordLost ? 16 : 8;
  if (size < countAt + 8) throw badRing(name, `a record about lost events has only ${size} bytes`);
  return view.getUint32(at + countAt + 4, true) * 2 ** 32 + view.getUint32(at + countAt, true);
}

export function badRing(name: string, what: string): EbpfError {
  return new EbpfError("BAD_RING", `Cannot read perf ring ${name}: ${what}`);
}
