import { anObject, aUint8Array } from "../../base/checks.ts";
import { EbpfError } from "../../base/errors.ts";
import { headerSize, recordSize } from "../record.ts";
import { positionFault } from "../ring-faults.ts";
import { badRecord, headerFault } from "./check-header.ts";
import { decodeHeader } from "./record-header.ts";
import { encodeRecords, positionAt, type RecordInput, type RingRecord } from "./records.ts";
import { checkLayout, offsetOf, type RingLayout } from "./ring-layout.ts";

/** Part of a ring: from one position (the consumer's, or where overwriting has got to) up to another (the producer's). */
export interface RingWindow {
  readonly from: bigint;
  readonly to: bigint;
  readonly layout: RingLayout;
}

/** A ring as it stands in memory, and the part of it that holds records. */
export interface RingImage extends RingWindow {
  /** Twice `size` bytes, as a ring is mapped; what no record covers is 0. */
  readonly data: Uint8Array;
}

/** A ring that holds just these records, the first one at `from`; NO_SPACE when they are larger than the ring. */
export function encodeRing(records: Iterable<RecordInput>, layout: RingLayout, from = 0n): RingImage {
  checkLayout(layout);
  const { size } = layout;
  const fault = positionFault(from, from, size);
  if (fault !== undefined) throw new RangeError(`A record cannot begin there: ${fault}`);
  const bytes = encodeRecords(records, { from, layout });
  if (bytes.length > size) {
    throw new EbpfError("NO_SPACE", `Cannot write ${bytes.length} bytes of records to a ring of ${size} bytes`);
  }
  const data = new Uint8Array(2 * size);
  const at = offsetOf(from, size);
  const beforeEnd = Math.min(bytes.length, size - at);
  data.set(bytes.subarray(0, beforeEnd), at);
  data.set(bytes.subarray(beforeEnd));
  data.copyWithin(size, 0, size);
  return { data, from, to: positionAt(from, bytes.length), layout };
}

/**
 * The records of a ring's data, oldest first, busy and discarded ones included: for looking at a ring, and at captures of one. It is
 * no consumer: nothing is given back to the producer, and a ring that is written meanwhile is the caller's to copy first.
 *
 * `data` is the ring once (`size` bytes: what passes the end goes on at the start), or as it is mapped (twice that: it runs on). Stops with
 * BAD_RING at the first thing that is impossible, as {@link checkHeader} has it; nothing outside the data is read.
 */
export function* decodeRing(data: Uint8Array, window: RingWindow): Generator<RingRecord, void, undefined> {
  aUint8Array(data, "The data of decodeRing()");
  anObject(window, "The window of decodeRing()");
  const { layout } = window;
  checkLayout(layout);
  const from = positionAt(window.from, 0);
  const to = positionAt(window.to, 0);
  const { size } = layout;
  if (data.length !== size && data.length !== 2 * size) {
    throw new RangeError(
      `The data of a ring of ${size} bytes must be ${size} or ${2 * size} bytes, not ${data.length}`,
    );
  }
  const fault = positionFault(from, to, size);
  if (fault !== undefined) throw badRecord(from, fault);
  for (let position = from; position !== to;) {
    const at = offsetOf(position, size);
    const header = decodeHeader(data, at);
    const broken = headerFault(header, { position, producer: to, layout });
    if (broken !== undefined) throw badRecord(position, broken);
    yield { ...header, position, payload: payloadOf(data, at + headerSize, header.length) };
    position = positionAt(position, recordSize(header.length));
  }
}

/** A copy, put together when it passes the end. */
function payloadOf(data: Uint8Array, start: number, length: number): Uint8Array {
  const payload = new Uint8Array(length);
  const beforeEnd = data.subarray(start, start + length);
  payload.set(beforeEnd);
  payload.set(data.subarray(0, length - beforeEnd.length), beforeEnd.length);
  return payload;
}
