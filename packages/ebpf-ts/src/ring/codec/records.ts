import { type Checks, checkOptions } from "../../base/check-options.ts";
import { aBigInt, anIterable, anObject, aUint8Array } from "../../base/checks.ts";
import { headerSize, recordSize } from "../record.ts";
import { badRecord, checkHeader } from "./check-header.ts";
import { checkLength, decodeHeader, encodeHeaderInto, type RecordHeader } from "./record-header.ts";
import { pageOffsetAt, type RingLayout } from "./ring-layout.ts";

/** A record that was decoded, also one that is busy or discarded. */
export interface RingRecord extends RecordHeader {
  /** Free-running, of its header. */
  readonly position: bigint;
  /** A copy; of a busy record what stood there at that moment. */
  readonly payload: Uint8Array;
}

/** A record to be encoded; a decoded one will do. Flags that are left out are false. */
export interface RecordInput {
  readonly payload: Uint8Array;
  readonly busy?: boolean | undefined;
  readonly discarded?: boolean | undefined;
  /** Written when there is no layout to compute it from; 0 when it is left out. */
  readonly pageOffset?: number | undefined;
}

/** Where records stand. */
export interface RecordsOptions {
  /** Position of the first record; 0 unless told otherwise. */
  readonly from?: bigint | undefined;
  /** The ring that the records stand in: with it page offsets are written, and checked. */
  readonly layout?: RingLayout | undefined;
}

const checks: Checks<RecordsOptions> = { from: aBigInt, layout: anObject };

/** Records one after the other, as a ring has them from a position on, but without wrapping. Padding is 0. */
export function encodeRecords(records: Iterable<RecordInput>, options: RecordsOptions = {}): Uint8Array {
  checkOptions(options, checks, "encodeRecords()");
  anIterable(records, "The records of encodeRecords()");
  const { from = 0n, layout } = options;
  const list = [...records];
  for (const record of list) {
    anObject(record, "A record of encodeRecords()");
    aUint8Array(record.payload, "The payload of a record of encodeRecords()");
    checkLength(record.payload.length);
  }
  const bytes = new Uint8Array(list.reduce((sum, { payload }) => sum + recordSize(payload.length), 0));
  let at = 0;
  for (const { payload, busy = false, discarded = false, pageOffset: given = 0 } of list) {
    const { length } = payload;
    const pageOffset = layout === undefined ? given : pageOffsetAt(positionAt(from, at), layout);
    encodeHeaderInto(bytes, at, { length, busy, discarded, pageOffset });
    bytes.set(payload, at + headerSize);
    at += recordSize(length);
  }
  return bytes;
}

/** What {@link encodeRecords} gives; the bytes must end where a record ends. Stops with BAD_RING at the first that is broken. */
export function* decodeRecords(
  bytes: Uint8Array,
  options: RecordsOptions = {},
): Generator<RingRecord, void, undefined> {
  aUint8Array(bytes, "The bytes of decodeRecords()");
  checkOptions(options, checks, "decodeRecords()");
  const { from = 0n, layout } = options;
  for (let at = 0; at < bytes.length;) {
    const position = positionAt(from, at);
    const left = bytes.length - at;
    if (left < headerSize) throw badRecord(position, `its ${left} bytes are not even a header`);
    const header = decodeHeader(bytes, at);
    const total = recordSize(header.length);
    if (total > left) {
      throw badRecord(position, `it claims ${header.length} bytes, but with its header only ${left} bytes are left`);
    }
    if (layout !== undefined) checkHeader(header, { position, producer: positionAt(position, total), layout });
    yield { ...header, position, payload: bytes.slice(at + headerSize, at + headerSize + header.length) };
    at += total;
  }
}

export function positionAt(from: bigint, bytes: number): bigint {
  return BigInt.asUintN(64, from + BigInt(bytes));
}
