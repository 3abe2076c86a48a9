import { HelperId } from "../../src/uapi/uapi.gen.ts";

/** A few instructions of RFC 9669 by hand, so that these tests need neither compiler nor object file. */
export type Code = readonly number[];

function slot(opcode: number, destination: number, source: number, offset: number, immediate: number): Code {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, opcode);
  view.setUint8(1, (source << 4) | destination);
  view.setInt16(2, offset, true);
  view.setInt32(4, immediate, true);
  return [...bytes];
}

export const frame = 10;

export const move = (destination: number, source: number): Code => slot(0xbf, destination, source, 0, 0);
export const set = (destination: number, value: number): Code => slot(0xb7, destination, 0, 0, value);
export const add = (destination: number, value: number): Code => slot(0x07, destination, 0, 0, value);
export const load64 = (destination: number, source: number, offset: number): Code =>
  slot(0x79, destination, source, offset, 0);
export const store64 = (destination: number, offset: number, source: number): Code =>
  slot(0x7b, destination, source, offset, 0);
export const call = (helper: keyof typeof HelperId): Code => slot(0x85, 0, 0, 0, HelperId[helper]);
export const exit: Code = slot(0x95, 0, 0, 0, 0);

export function wide(destination: number, value: bigint): Code {
  return [
    ...slot(0x18, destination, 0, 0, Number(BigInt.asIntN(32, value))),
    ...slot(0, 0, 0, 0, Number(BigInt.asIntN(32, value >> 32n))),
  ];
}

export function assemble(...code: readonly Code[]): Uint8Array {
  return Uint8Array.from(code.flat());
}
