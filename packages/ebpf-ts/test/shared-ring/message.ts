import type { RecordView } from "../../src/ring/record-view.ts";

/** u32 life, u32 number, then filler that depends on both. */
export const messageHead = 8;

export function writeMessage(bytes: Uint8Array, life: number, number: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, life, true);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(4, number, true);
  for (let i = messageHead; i < bytes.length; i += 1) bytes[i] = fillerAt(life, number, i);
}

export function makeMessage(life: number, number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  writeMessage(bytes, life, number);
  return bytes;
}

/** Throws when a byte is not as it was written. */
export function readMessage(record: RecordView): { readonly life: number; readonly number: number } {
  const life = record.u32(0);
  const number = record.u32(4);
  for (let i = messageHead; i < record.length; i += 1) {
    if (record.u8(i) !== fillerAt(life, number, i)) throw new Error(`byte ${i} of message ${life}/${number} is wrong`);
  }
  return { life, number };
}

/** Which messages their producer discards, so that the consumer can tell a discarded one from a lost one. */
export function isToBeDiscarded(life: number, number: number): boolean {
  return (Math.imul(life * 31 + number + 7, 0x9e37_79b1) >>> 0) % 8 === 0;
}

/** The first message from that number on that is to be submitted. */
export function nextSubmitted(life: number, from: number): number {
  let number = from;
  while (isToBeDiscarded(life, number)) number += 1;
  return number;
}

function fillerAt(life: number, number: number, index: number): number {
  return (life * 7 + number * 13 + index) & 0xff;
}
