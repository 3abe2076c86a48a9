/** The kernel's side of a ring that overwrites, written from its description in the plainest way, with the whole history beside it. */
import type { TestMemory } from "./kernel-model.ts";

const BUSY = 0x8000_0000;
const DISCARD = 0x4000_0000;

export interface OverwriteMemory extends TestMemory {
  readonly overwrite: BigUint64Array;
}

/** Without `start`, positions stay as they are: another thread made the memory. */
export function openOverwriteMemory(buffer: ArrayBufferLike, size: number, start?: bigint): OverwriteMemory {
  const consumer = new BigUint64Array(buffer, 0, 1);
  const producer = new BigUint64Array(buffer, 128, 1);
  const overwrite = new BigUint64Array(buffer, 144, 1);
  if (start !== undefined) consumer[0] = producer[0] = overwrite[0] = start;
  return { size, consumer, producer, overwrite, data: new Uint8Array(buffer, 256, 2 * size), open: true };
}

export function makeOverwriteMemory(size: number, start = 0n): OverwriteMemory {
  return openOverwriteMemory(new ArrayBuffer(256 + 2 * size), size, start);
}

export interface WrittenRecord {
  readonly position: bigint;
  readonly length: number;
  readonly total: bigint;
  /** Of the payload, in the data. */
  readonly offset: number;
  state: "busy" | "committed" | "discarded";
}

/** BPF_F_RB_OVERWRITE as the kernel does it. */
export class OverwriteRing {
  readonly memory: OverwriteMemory;
  readonly #headers: Int32Array;
  /** What is not overwritten, oldest first. */
  readonly records: WrittenRecord[] = [];

  constructor(memory: OverwriteMemory) {
    this.memory = memory;
    this.#headers = new Int32Array(memory.data.buffer, memory.data.byteOffset, memory.size / 4);
  }

  reserve(length: number): WrittenRecord | undefined {
    const { producer, overwrite, size } = this.memory;
    const total = ((BigInt(length) + 15n) / 8n) * 8n;
    if (total > BigInt(size)) return undefined;
    const mask = BigInt(size - 1);
    const position = Atomics.load(producer, 0);
    const next = BigInt.asUintN(64, position + total);
    const pending = this.records.find(({ state }) => state === "busy")?.position ?? position;
    if (BigInt.asUintN(64, next - pending) > mask) return undefined;
    let over = Atomics.load(overwrite, 0);
    while (BigInt.asUintN(64, next - over) > mask) {
      // A record of the ring's whole size does not fit even in an empty one.
      const gone = this.records.shift();
      if (gone === undefined) return undefined;
      over = BigInt.asUintN(64, over + gone.total);
    }
    Atomics.store(overwrite, 0, over);
    const at = Number(position & mask);
    Atomics.store(this.#headers, at / 4, length | BUSY);
    Atomics.store(producer, 0, next);
    const record: WrittenRecord = { position, length, total, offset: at + 8, state: "busy" };
    this.records.push(record);
    return record;
  }

  /** True when the consumer stood at this record, so that an adaptive commit wakes it. */
  commit(record: WrittenRecord, discard = false): boolean {
    record.state = discard ? "discarded" : "committed";
    Atomics.exchange(this.#headers, (record.offset - 8) / 4, discard ? record.length | DISCARD : record.length);
    return Atomics.load(this.memory.consumer, 0) === record.position;
  }

  output(payload: Uint8Array): boolean {
    const record = this.reserve(payload.length);
    if (record === undefined) return false;
    this.memory.data.set(payload, record.offset);
    this.commit(record);
    return true;
  }
}
