import { PerfRecord } from "../../../../uapi/uapi.gen.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { roundUp8 } from "../../memory/round-up.ts";
import type { PerfRingState } from "./perf-ring-state.ts";

/** `struct perf_event_header`: u32 type, u16 misc, u16 size. */
const headerSize = 8;
const lengthSize = 4;
/** A header, and the u64s id and lost. */
const lostSize = headerSize + 16;
/** The header's size has 16 bits. */
const largestRecord = 0xfff8;

/**
 * The program's side of the ring of one CPU: kernel/events/ring_buffer.c is the model (__perf_output_begin, perf_output_end), and what
 * bpf_perf_event_output writes there, PERF_SAMPLE_RAW. Whoever runs on the CPU writes, so that there is no lock: a thread that is
 * terminated meanwhile has not moved the head.
 */
export class PerfWriter {
  readonly state: PerfRingState;
  readonly #id: bigint;
  readonly #mask: bigint;
  readonly #view: DataView;
  readonly #wake: () => void;

  /** `id` is what PERF_RECORD_LOST names. */
  constructor(state: PerfRingState, id: number, wake: () => void) {
    const { data, size } = state;
    this.state = state;
    this.#id = BigInt(id);
    this.#mask = BigInt(size - 1);
    this.#view = new DataView(data.buffer, data.byteOffset, size);
    this.#wake = wake;
  }

  /** 0, -ENOSPC where there is no room or the ring is paused, or -E2BIG for what no record can hold. */
  write(payload: Uint8Array): number {
    const size = headerSize + roundUp8(payload.length + lengthSize);
    if (size > largestRecord) return -Errno.E2BIG;
    const { head, lost, backward, paused } = this.state;
    const told = lost[0] === 0n ? 0 : lostSize;
    const total = told + size;
    const before = head[0]!;
    if (Atomics.load(paused, 0) !== 0 || !this.#hasRoom(before, total)) {
      lost[0]! += 1n;
      return -Errno.ENOSPC;
    }
    const after = BigInt.asUintN(64, backward ? before - BigInt(total) : before + BigInt(total));
    const at = backward ? after : before;
    if (told > 0) this.#writeLost(at);
    this.#writeSample(Number((at + BigInt(told)) & this.#mask), size, payload);
    // Pairs with the reader's load of data_head: whoever sees it moved sees the records.
    Atomics.store(head, 0, after);
    if (told > 0) lost[0] = 0n;
    if (this.#isDue(backward ? BigInt.asUintN(64, -after) : after)) this.#wake();
    return 0;
  }

  /** One byte stays free always (CIRC_SPACE). What overwrites needs a ring that is large enough. */
  #hasRoom(head: bigint, total: number): boolean {
    const { size, tail, backward } = this.state;
    if (backward) return total < size;
    // Pairs with the reader's store of data_tail. It may be anything.
    const free = (Atomics.load(tail, 0) - head - 1n) & this.#mask;
    return free >= BigInt(total);
  }

  #writeLost(position: bigint): void {
    const at = Number(position & this.#mask);
    const { size, lost } = this.state;
    this.#writeHeader(at, PerfRecord.LOST, lostSize);
    // Each of them is aligned, so that it does not pass the end.
    this.#view.setBigUint64((at + headerSize) & (size - 1), this.#id, true);
    this.#view.setBigUint64((at + headerSize + 8) & (size - 1), lost[0]!, true);
  }

  /** The padding counts to the length, and is zero. */
  #writeSample(at: number, size: number, payload: Uint8Array): void {
    const { data } = this.state;
    const mask = data.length - 1;
    this.#writeHeader(at, PerfRecord.SAMPLE, size);
    const lengthAt = (at + headerSize) & mask;
    const start = lengthAt + lengthSize;
    this.#view.setUint32(lengthAt, size - headerSize - lengthSize, true);
    const first = Math.min(payload.length, data.length - start);
    data.set(payload.subarray(0, first), start);
    data.set(payload.subarray(first), 0);
    for (let pad = payload.length; pad < size - headerSize - lengthSize; pad += 1) data[(start + pad) & mask] = 0;
  }

  #writeHeader(at: number, type: number, size: number): void {
    this.#view.setUint32(at, type, true);
    this.#view.setUint16(at + 4, 0, true);
    this.#view.setUint16(at + 6, size, true);
  }

  /** By bytes (rb->watermark), and by events (perf_output_sample); both are counted. */
  #isDue(written: bigint): boolean {
    const { woken, watermark, counted, events } = this.state;
    let due = false;
    if (BigInt.asUintN(64, written - woken[0]!) > BigInt(watermark)) {
      woken[0]! += BigInt(watermark);
      due = true;
    }
    if (events > 0 && (counted[0]! += 1) >= events) {
      counted[0]! -= events;
      due = true;
    }
    return due;
  }
}
