import { aCount, anObject, aUint8Array, integer, wrongKind } from "../../base/checks.ts";
import { EbpfError } from "../../base/errors.ts";
import { busyBit, discardBit, headerSize, isBusy, isDiscarded, lengthMask, payloadLength } from "../record.ts";

/** What the 8 bytes before a payload say (see record.ts for the layout). */
export interface RecordHeader {
  /** Bytes of the payload, 0 to 2^30 - 1. */
  readonly length: number;
  /** Reserved, and not yet committed: the length is final, the payload is not. */
  readonly busy: boolean;
  /** Committed, but not to be handed out. */
  readonly discarded: boolean;
  /** Page of the header (`pg_off` in the kernel), counted from where the writer counts; 0 in user rings. See {@link pageOffsetAt}. */
  readonly pageOffset: number;
}

/** Numbers that are left out are 0, and flags false. */
export type RecordHeaderInput = Pick<RecordHeader, "length"> & Partial<RecordHeader>;

/** What the 8 bytes at `offset` say. RangeError when they are not all there. */
export function decodeHeader(bytes: Uint8Array, offset = 0): RecordHeader {
  checkRoom(bytes, offset);
  const header = word(bytes, offset);
  return {
    length: payloadLength(header),
    busy: isBusy(header),
    discarded: isDiscarded(header),
    pageOffset: word(bytes, offset + 4) >>> 0,
  };
}

/** The 8 bytes of a header. RangeError when a number is none; TOO_BIG beyond 30 bits of length. */
export function encodeHeader(header: RecordHeaderInput): Uint8Array {
  const bytes = new Uint8Array(headerSize);
  encodeHeaderInto(bytes, 0, header);
  return bytes;
}

/** Nobody else must be able to see the record yet: a header that another side can see is committed by one atomic store. */
export function encodeHeaderInto(target: Uint8Array, offset: number, header: RecordHeaderInput): void {
  anObject(header, "The header of a record");
  const { length, busy = false, discarded = false, pageOffset = 0 } = header;
  checkRoom(target, offset);
  checkLength(length);
  integer(0, 0xffff_ffff)(pageOffset, "The page offset of a record");
  setWord(target, offset, length | (busy ? busyBit : 0) | (discarded ? discardBit : 0));
  setWord(target, offset + 4, pageOffset);
}

export function checkLength(length: number): void {
  aCount(length, "The length of a record");
  if (length > lengthMask) {
    throw new EbpfError(
      "TOO_BIG",
      `Cannot write a record of ${length} bytes: its header has 30 bits for the length, so ${lengthMask} bytes are the most`,
    );
  }
}

function checkRoom(bytes: Uint8Array, offset: number): void {
  aUint8Array(bytes, "What a header stands in");
  if (typeof offset !== "number") throw wrongKind("The offset of a header", "a whole number", offset);
  if (Number.isInteger(offset) && offset >= 0 && offset + headerSize <= bytes.length) return;
  throw new RangeError(`A header of ${headerSize} bytes at offset ${offset} lies outside the ${bytes.length} bytes`);
}

/** Little-endian, on every host. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function setWord(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i += 1) bytes[at + i] = (value >>> (8 * i)) & 0xff;
}
