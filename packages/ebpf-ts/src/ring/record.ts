/**
 * A record in a ring (BPF_RINGBUF_* in the uapi), the same on Linux and Windows:
 *
 * ```text
 *   byte 0..3   u32   bit 31 BUSY, bit 30 DISCARD, bits 29..0 length of the payload
 *   byte 4..7   u32   of the producer's own: the page of the record (event rings), who has reserved it; no consumer needs it to read
 *   byte 8..    payload, then padding up to a multiple of 8
 * ```
 * Headers are read as signed 32-bit numbers, so that they stay small integers: a BUSY header is negative.
 *
 * The uapi's numbers are written out here, in the functions too, and in the two loops of consumer.ts that see each record: what a module
 * exports or imports V8 loads each time, and takes for no constant. Reading a record took half as long again with names. A test compares
 * them with the uapi's.
 */
export const headerSize: number = 8;
/** Reserved, and not yet committed. */
export const busyBit: number = 0x8000_0000;
/** Committed, but not to be handed out. */
export const discardBit: number = 0x4000_0000;
/** The bits of a header that are the length of the payload. */
export const lengthMask: number = 0x3fff_ffff;

/** Bytes that a record with a payload of `length` (at most {@link lengthMask}) takes. */
export function recordSize(length: number): number {
  return (length + 8 + 7) & ~7;
}

/** Whether a header says that its record is reserved, and not yet committed. */
export function isBusy(header: number): boolean {
  return (header & 0x8000_0000) !== 0;
}

/** Whether a header says that its record is not to be handed out. */
export function isDiscarded(header: number): boolean {
  return (header & 0x4000_0000) !== 0;
}

/** Bytes of the payload, as a header says. */
export function payloadLength(header: number): number {
  return header & 0x3fff_ffff;
}
