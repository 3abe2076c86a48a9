import { ReadFence } from "../base/read-fence.ts";

/**
 * Free-running u64 positions in shared memory, without a BigInt per record. The words of a position are read as two signed
 * 32-bit numbers, the low one first (little-endian hosts). Rings are at most 2^30 bytes, so that two positions of a sane
 * ring are told apart by their low words; the high words are only compared.
 */
const low = 0;
const high = 1;

/** The position that the other side writes. It may be mapped read-only, so that no atomic access may touch it ({@link ReadFence}). */
export class PeerPosition {
  readonly #cell: BigUint64Array;
  readonly #words: Int32Array;
  readonly #fence: ReadFence = new ReadFence();

  constructor(cell: BigUint64Array) {
    this.#cell = cell;
    this.#words = wordsOf(cell);
  }

  /**
   * Comes after what this side stored atomically before. Whoever goes on to read what was written before the position passes a
   * {@link ReadFence} in between, which pairs with the store-release of the side that writes it.
   */
  low(): number {
    this.#fence.enter();
    return this.#words[low]!;
  }

  /** Not in one piece with {@link low}: it may be one more, or one less, when the position passes 2^32 in between. */
  high(): number {
    return this.#words[high]!;
  }

  exact(): bigint {
    this.#fence.enter();
    return this.#cell[0]!;
  }
}

/** The position that this side writes, as it stands in memory. */
export class OwnPosition {
  readonly #cell: BigUint64Array;
  readonly #words: Int32Array;
  #low = 0;
  #high = 0;

  constructor(cell: BigUint64Array) {
    this.#cell = cell;
    this.#words = wordsOf(cell);
    this.load();
  }

  /**
   * Takes the position from memory, where a former user of this side left it; gives the low word. Nobody else writes it now, so
   * plain loads do (an atomic one costs 8 ns).
   */
  load(): number {
    this.#low = this.#words[low]!;
    this.#high = this.#words[high]!;
    return this.#low;
  }

  get low(): number {
    return this.#low;
  }

  get high(): number {
    return this.#high;
  }

  /** The high word of the position with that low word, less than 2^32 after this one. */
  highOf(position: number): number {
    return position >>> 0 < this.#low >>> 0 ? (this.#high + 1) | 0 : this.#high;
  }

  /** The whole of the position with that low word, less than 2^32 after this one. */
  exactOf(position: number): bigint {
    return (BigInt(this.highOf(position) >>> 0) << 32n) | BigInt(position >>> 0);
  }

  /**
   * Moves on to the position with that low word, for the other side to see. While the high word stays, storing the low
   * one is the same as storing all eight bytes: whoever loads the u64 gets the old or the new position. Once in 4 GiB the
   * high word changes too, and both go in one 64-bit store.
   */
  publish(position: number): void {
    if (position >>> 0 >= this.#low >>> 0) {
      Atomics.store(this.#words, low, position);
    } else {
      Atomics.store(this.#cell, 0, this.exactOf(position));
      this.#high = (this.#high + 1) | 0;
    }
    this.#low = position;
  }
}

function wordsOf(cell: BigUint64Array): Int32Array {
  return new Int32Array(cell.buffer, cell.byteOffset, 2);
}
