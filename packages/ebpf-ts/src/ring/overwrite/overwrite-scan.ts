import { ReadFence } from "../../base/read-fence.ts";
import type { OverwritePositions } from "./overwrite-positions.ts";
import { headerSize, isBusy, payloadLength, recordSize } from "../record.ts";

/** How many headers are read between two looks at the overwrite position: a fence for each would cost more than all else. */
const recordsPerLook = 8;

/** Finds the committed records ahead in a ring that overwrites, up to about 1/32 of it, and no further than its end. */
export class OverwriteScan {
  readonly #headers: Int32Array;
  readonly #size: number;
  readonly #batch: number;
  readonly #positions: OverwritePositions;
  /** The low word first: enough to see whether it has changed. */
  readonly #overwriteWords: Int32Array;
  readonly #fence: ReadFence = new ReadFence();

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
    let seen = words[0]!;
    if (this.#positions.loadOverwrite() > position) return 0;
    for (let length = 0; ;) {
      const walked = this.#walk(offset, length, limit, produced);
      this.#fence.pass();
      const now = words[0]!;
      if (now !== seen) {
        if (this.#positions.loadOverwrite() > position + length) return length;
        seen = now;
      }
      if (walked <= length || walked >= limit) return walked;
      length = walked;
    }
  }

  /** A few records on from those of `length` bytes; the same when there is none, -1 as in {@link run}. */
  #walk(offset: number, length: number, limit: number, produced: number): number {
    let end = length;
    for (let count = 0; count < recordsPerLook && end < limit; count += 1) {
      const header = this.#headers[(offset + end) >> 2]!;
      const total = recordSize(payloadLength(header));
      if (total > produced - end) return end === 0 ? -1 : end;
      if (isBusy(header)) return end;
      end += total;
    }
    return end;
  }
}
