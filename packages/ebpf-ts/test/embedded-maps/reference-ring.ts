import type { RingMemory } from "../../src/ring/ring-memory.ts";

/** Both sides of a ring as user space sees it, written for clearness only: the machine's side is what is tested. */
export const busy = 0x8000_0000;
export const discarded = 0x4000_0000;

export const totalOf = (length: number): number => Math.ceil((length + 8) / 8) * 8;

function headers(memory: RingMemory): Int32Array {
  return new Int32Array(memory.data.buffer, memory.data.byteOffset, memory.data.byteLength / 4);
}

export function position(words: BigUint64Array): number {
  return Number(Atomics.load(words, 0));
}

export function setPosition(words: BigUint64Array, value: number | bigint): void {
  Atomics.store(words, 0, BigInt(value));
}

export interface Seen {
  readonly length: number;
  readonly discarded: boolean;
  readonly payload: Uint8Array;
}

/** The next committed record, consumed; undefined when there is none, or when it is busy. */
export function consume(memory: RingMemory): Seen | undefined {
  const at = position(memory.consumer);
  if (at === position(memory.producer)) {
    return undefined;
  }
  const offset = at % memory.size;
  const header = Atomics.load(headers(memory), offset / 4) >>> 0;
  if (header >= busy) {
    return undefined;
  }
  const length = header & 0x3fff_ffff;
  const payload = memory.data.slice(offset + 8, offset + 8 + length);
  setPosition(memory.consumer, at + totalOf(length));
  return { length, discarded: (header & discarded) !== 0, payload };
}

/** Writes a header at a position of a user ring, unchecked. */
export function putHeader(memory: RingMemory, at: number, header: number): void {
  Atomics.store(headers(memory), (at % memory.size) / 4, header | 0);
}

/** Puts a sample in a user ring if there is room for it. */
export function produce(memory: RingMemory, payload: Uint8Array, flags = 0): boolean {
  const at = position(memory.producer);
  const total = totalOf(payload.length);
  if (at + total - position(memory.consumer) > memory.size) {
    return false;
  }
  const offset = at % memory.size;
  putHeader(memory, at, (busy | payload.length) >>> 0);
  setPosition(memory.producer, at + total);
  memory.data.set(payload, offset + 8);
  putHeader(memory, at, (flags | payload.length) >>> 0);
  return true;
}
