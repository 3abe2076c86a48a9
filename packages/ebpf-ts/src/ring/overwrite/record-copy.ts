import { isBusy, isDiscarded, payloadLength, recordSize } from "../record.ts";

/** Records that were copied out of a ring, since they may go at any moment, and are handed out from here. */
export class RecordCopy {
  /** As large as the ring, for a record may be; pages of it that are never used cost nothing. */
  readonly data: Uint8Array;
  /** What is not handed out: offsets in the data. */
  next = 0;
  end = 0;
  /** Records in it that are to be handed out. */
  waiting = 0;
  readonly #headers: Int32Array;

  constructor(size: number) {
    this.data = new Uint8Array(size);
    this.#headers = new Int32Array(this.data.buffer);
  }

  get empty(): boolean {
    return this.next === this.end;
  }

  get length(): number {
    return this.end - this.next;
  }

  headerAt(at: number): number {
    return this.#headers[at >> 2]!;
  }

  clear(): void {
    this.next = this.end = 0;
    this.waiting = 0;
  }

  /**
   * Takes over a part of the copy, which nobody changes any more, and counts its records. Gives -1, or where there is a
   * header that cannot be.
   */
  keep(start: number, end: number): number {
    let count = 0;
    for (let at = start; at < end;) {
      const header = this.#headers[at >> 2]!;
      const total = recordSize(payloadLength(header));
      if (isBusy(header) || total > end - at) return at;
      if (!isDiscarded(header)) count += 1;
      at += total;
    }
    this.next = start;
    this.end = end;
    this.waiting = count;
    return -1;
  }
}
