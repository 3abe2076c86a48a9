const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Texts side by side, as Apache Arrow's `Utf8` lays them out: the bytes of row `i` are those from `offsets[i]` to `offsets[i + 1]`. */
export class TextColumn implements Iterable<string> {
  /** One more than there are rows. */
  readonly offsets: Int32Array;
  /** UTF-8 as programs wrote it, each up to its first NUL. */
  readonly bytes: Uint8Array;

  constructor(offsets: Int32Array, bytes: Uint8Array) {
    this.offsets = offsets;
    this.bytes = bytes;
  }

  /** Rows. */
  get length(): number {
    return this.offsets.length - 1;
  }

  /** The text of a row; undefined where there is none. What is no UTF-8 becomes U+FFFD. */
  at(row: number): string | undefined {
    const [start, end] = [this.offsets[row], this.offsets[row + 1]];
    return start === undefined || end === undefined ? undefined : utf8.decode(this.bytes.subarray(start, end));
  }

  *[Symbol.iterator](): Iterator<string> {
    for (let row = 0; row < this.length; row++) yield this.at(row)!;
  }
}
