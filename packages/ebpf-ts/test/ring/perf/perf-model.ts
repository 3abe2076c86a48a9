import type { PerfMemory } from "../../../src/ring/perf/perf-memory.ts";

/** The kernel's side of one perf ring, written from kernel/events/ring_buffer.c; forwards, or backwards and overwriting. */
export class PerfModel {
  readonly memory: PerfMemory & { open: boolean };
  readonly #backward: boolean;
  readonly #view: DataView;
  #head = 0n;
  #lost = 0n;

  constructor(size: number, { backward = false, start = 0n }: { backward?: boolean; start?: bigint } = {}) {
    const data = new Uint8Array(size);
    this.memory = { size, data, head: new BigUint64Array(1), tail: new BigUint64Array(1), open: true };
    this.#backward = backward;
    this.#view = new DataView(data.buffer);
    this.#head = start;
    this.memory.head[0] = start;
    this.memory.tail[0] = start;
  }

  /** `bpf_perf_event_output`: false when there is no room. */
  output(payload: Uint8Array): boolean {
    const size = Math.ceil((payload.length + 4) / 8) * 8 + 8;
    const told = this.#lost > 0n ? 24 : 0;
    if (!this.#hasRoom(size + told)) {
      this.#lost += 1n;
      return false;
    }
    if (this.#lost > 0n) {
      this.write(2, [0n, this.#lost]);
      this.#lost = 0n;
    }
    const body = new Uint8Array(size - 8);
    new DataView(body.buffer).setUint32(0, size - 12, true);
    body.set(payload, 4);
    this.writeBody(9, body);
    return true;
  }

  write(type: number, words: readonly bigint[]): void {
    this.writeBody(type, new Uint8Array(new BigUint64Array(words).buffer));
  }

  writeBody(type: number, body: Uint8Array, size: number = body.length + 8): void {
    const record = new Uint8Array(8 + body.length);
    const header = new DataView(record.buffer);
    header.setUint32(0, type, true);
    header.setUint16(6, size, true);
    record.set(body, 8);
    const at = this.#backward ? this.#head - BigInt(record.length) : this.#head;
    for (const [i, byte] of record.entries())
      this.#view.setUint8(Number((at + BigInt(i)) & BigInt(this.memory.size - 1)), byte);
    this.#head = BigInt.asUintN(64, this.#backward ? at : this.#head + BigInt(record.length));
    this.memory.head[0] = this.#head;
  }

  #hasRoom(size: number): boolean {
    if (this.#backward) return size <= this.memory.size;
    return BigInt.asUintN(64, this.#head - this.memory.tail[0]!) + BigInt(size) <= BigInt(this.memory.size);
  }
}

export function payload(number: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (number * 31 + i * 7) & 0xff);
}
