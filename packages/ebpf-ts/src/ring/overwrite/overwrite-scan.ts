import type { OverwritePositions } from "./overwrite-positions.ts";
import { headerSize, isBusy, payloadLength, recordSize } from "../record.ts";

/** Finds the committed records ahead in a ring that overwrites, up to about 1/32 of it, and no further than its end. */
export class OverwriteScan {
  readonly #headers: Int32Array;
  readonly #size: number;
  readonly #batch: number;
  readonly #positions: OverwritePositions;
  /** The low word first: enough to see whether it has changed. */
  readonly #overwriteWords: Int32Array;

  constructor(headers: Int32Array, size: number, positions: OverwritePositions, overwrite: BigUint64Array) {
    this.#headers = headers;
    this.#size = size;
    this.#batch = Math.max(size >>> 5, headerSize);
    this.#positions = positions;
    this.#overwriteWords = new Int32Array(overwrite.buffer, overwrite.byteOffset, 2);
  }

  /**
   * Bytes of the records from `offset` on; 0 when there is none, -1 when the first header is impossible. Each header tells where the
   * next one is, so it counts only if it was not overwritten when it was read.
   */
  run(offset: number): number {
    const words = this.#overwriteWords;
    const { position } = this.#positions;
    const produced = this.#positions.produced - position;
    const limit = Math.min(produced, this.#batch, this.#size - offset);
    let seen = Atomics.load(words, 0);
    if (this.#positions.loadOverwrite() > position) return 0;
    let length = 0;
    while (length < limit) {
      const header = Atomics.load(this.#headers, (offset + length) >> 2);
      const now = Atomics.load(words, 0);
      if (now !== seen) {
        if (this.#positions.loadOverwrite() > position + length) return length;
        seen = now;
      }
      const total = recordSize(payloadLength(header));
      if (total > produced - length) return length === 0 ? -1 : length;
      if (isBusy(header)) return length;
      length += total;
    }
    return length;
  }
}
