import { EbpfError } from "../../base/errors.ts";
import { PerfEventHeader } from "../../uapi/structs.gen.ts";
import { PerfRecord } from "../../uapi/uapi.gen.ts";

// Numbers of its own are constants to a module once it is compiled: 4 ns a record less than fields of another.
const typeAt: number = PerfEventHeader.fields.type.at;
const sizeAt: number = PerfEventHeader.fields.size.at;
const sampleType: number = PerfRecord.SAMPLE;

/**
 * One record: a `struct perf_event_header`, whose type says what follows. Its size is that of the whole record.
 *
 * ```text
 *   SAMPLE       u32 length, then as many bytes: what the program wrote, padded to the end of the record
 *   LOST         u64 id, u64 count
 *   LOST_SAMPLES u64 count
 * ```
 */
export const perfHeaderSize: number = PerfEventHeader.size;

/** Where the bytes of a sample begin: the padding is part of its length, so that they end with the record. */
export const perfPayloadAt: number = perfHeaderSize + 4;

export function isSample(view: DataView, at: number): boolean {
  return view.getUint32(at + typeAt, true) === sampleType;
}

/** Bytes that the record says that it has. */
export function statedSize(view: DataView, at: number): number {
  return view.getUint16(at + sizeAt, true);
}

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
  const type = view.getUint32(at + typeAt, true);
  if (type !== PerfRecord.LOST && type !== PerfRecord.LOST_SAMPLES) return 0;
  const countAt = type === PerfRecord.LOST ? perfHeaderSize + 8 : perfHeaderSize;
  if (size < countAt + 8) throw badRing(name, `a record about lost events has only ${size} bytes`);
  return view.getUint32(at + countAt + 4, true) * 2 ** 32 + view.getUint32(at + countAt, true);
}

export function badRing(name: string, what: string): EbpfError {
  return new EbpfError("BAD_RING", `Cannot read perf ring ${name}: ${what}`);
}
