/**
 * The kernel's side of both rings, written from its description and in the plainest way: BigInt positions, DataView headers.
 * It shares no code with the library, so that the two can judge each other.
 */
import type { RingMemory } from "../../src/ring/ring-memory.ts";

const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;

export interface TestMemory extends RingMemory {
  open: boolean;
}

export interface MemoryOptions {
  readonly start?: bigint;
  readonly shared?: boolean;
}

export function makeMemory(size: number, { start = 0n, shared = false }: MemoryOptions = {}): TestMemory {
  const bytes = 256 + 2 * size;
  return openMemory(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes), size, start);
}

/** Without `start`, positions stay as they are: another thread made the memory. */
export function openMemory(buffer: ArrayBufferLike, size: number, start?: bigint): TestMemory {
  const consumer = new BigUint64Array(buffer, 0, 1);
  const producer = new BigUint64Array(buffer, 128, 1);
  if (start !== undefined) consumer[0] = producer[0] = start;
  return { size, consumer, producer, data: new Uint8Array(buffer, 256, 2 * size), open: true };
}

function total(length: number): bigint {
  return ((BigInt(length) + 8n + 7n) / 8n) * 8n;
}

export interface KernelRecord {
  readonly position: bigint;
  readonly length: number;
  /** Of the payload, in the data. */
  readonly offset: number;
}

/** BPF_MAP_TYPE_RINGBUF as the kernel writes it. */
export class KernelRing {
  readonly memory: RingMemory;
  #pending: bigint;
  readonly #headers: Int32Array;

  constructor(memory: RingMemory) {
    this.memory = memory;
    this.#pending = Atomics.load(memory.producer, 0);
    this.#headers = new Int32Array(memory.data.buffer, memory.data.byteOffset, memory.size / 4);
  }

  reserve(length: number): KernelRecord | undefined {
    const { consumer, producer, size } = this.memory;
    const needed = total(length);
    if (length > 0x3fff_ffff || needed > BigInt(size)) return undefined;
    const position = Atomics.load(producer, 0);
    const next = BigInt.asUintN(64, position + needed);
    const mask = BigInt(size - 1);
    this.#movePending(position);
    if (BigInt.asUintN(64, next - Atomics.load(consumer, 0)) > mask) return undefined;
    if (BigInt.asUintN(64, next - this.#pending) > mask) return undefined;
    const at = this.#at(position);
    Atomics.store(this.#headers, at / 4, length | BUSY);
    Atomics.store(this.#headers, at / 4 + 1, 3 + (at >> 12));
    Atomics.store(producer, 0, next);
    return { position, length, offset: at + 8 };
  }

  /** True when the consumer stood at this record, so that an adaptive commit wakes it. */
  commit(record: KernelRecord, discard = false): boolean {
    Atomics.exchange(this.#headers, this.#at(record.position) / 4, discard ? record.length | DISCARD : record.length);
    return Atomics.load(this.memory.consumer, 0) === record.position;
  }

  output(payload: Uint8Array): boolean {
    const record = this.reserve(payload.length);
    if (record === undefined) return false;
    this.memory.data.set(payload, record.offset);
    this.commit(record);
    return true;
  }

  #movePending(producer: bigint): void {
    while (this.#pending !== producer) {
      const header = Atomics.load(this.#headers, this.#at(this.#pending) / 4);
      if ((header & BUSY) !== 0) return;
      this.#pending = BigInt.asUintN(64, this.#pending + total(header & 0x3fff_ffff));
    }
  }

  #at(position: bigint): number {
    return Number(position & BigInt(this.memory.size - 1));
  }
}

export const EINVAL = -22;
export const E2BIG = -7;

/** bpf_user_ringbuf_drain: the number of samples, or a negative errno. `onSample` gives 0 to go on, 1 to stop. */
export function kernelDrain(memory: RingMemory, onSample: (payload: Uint8Array) => number): number {
  const { size, data } = memory;
  const view = new Int32Array(data.buffer, data.byteOffset, size / 4);
  let samples = 0;
  for (let turn = 0; turn < 128 * 1024; turn += 1) {
    const producer = Atomics.load(memory.producer, 0);
    const consumer = Atomics.load(memory.consumer, 0);
    if (producer % 8n !== 0n) return EINVAL;
    if (consumer >= producer) return samples;
    const at = Number(consumer % BigInt(size));
    const header = Atomics.load(view, at / 4) >>> 0;
    const length = header % DISCARD;
    const needed = total(length);
    if (needed > producer - consumer) return EINVAL;
    if (needed > BigInt(size)) return E2BIG;
    if (length > 2 ** 24 - 1) return E2BIG;
    const discarded = (header & DISCARD) !== 0;
    if (!discarded && header >= BUSY) return samples;
    const stop = !discarded && onSample(data.slice(at + 8, at + 8 + length)) === 1;
    if (!discarded) samples += 1;
    Atomics.store(memory.consumer, 0, consumer + needed);
    if (stop) return samples;
  }
  return samples;
}

/** Bytes that tell whose they are: `length` bytes that differ from number to number. */
export function payload(number: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (number * 31 + i * 7 + 1) & 0xff);
}
