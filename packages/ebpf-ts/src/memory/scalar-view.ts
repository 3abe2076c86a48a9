import { badIndex } from "../base/bad-index.ts";
import { handOut } from "./handed-out.ts";
import { ReadFence } from "../base/read-fence.ts";
import type { MemoryArea } from "./memory-area.ts";
import {
  arrayOf,
  type AtomicArray,
  isAtomic,
  type ScalarArray,
  type ScalarFormat,
  toDelta,
  toStored,
} from "./scalar-format.ts";

/** A live typed array of the values that T stands for. */
export type LiveValues<T> = unknown extends T
  ? ScalarArray
  : T extends bigint
    ? BigInt64Array | BigUint64Array
    : T extends number
      ? Exclude<ScalarArray, BigInt64Array | BigUint64Array>
      : never;

export interface ScalarViewOptions {
  readonly area: MemoryArea;
  readonly format: ScalarFormat;
  /** Where the first number stands, and how far apart they are. */
  readonly base: number;
  readonly stride: number;
  readonly length: number;
  /** For errors: `packets of map counters`. */
  readonly name: string;
}

/**
 * Numbers in shared memory, live: all elements of an array, one member of all of them, or a single one. Those of 64 bits are
 * bigints. Reads and writes of aligned numbers are never torn; the atomic operations are sequentially consistent, and
 * atomic with respect to the BPF_ATOMIC instructions of programs (`__sync_fetch_and_add` and its like).
 *
 * An index outside is a RangeError, what is no number a TypeError, use after close an `EbpfError` CLOSED, and a write to read-only memory a TypeError.
 */
export class ScalarView<T extends number | bigint = number | bigint> implements Iterable<T> {
  readonly length: number;
  /** Bytes from one number to the next. */
  readonly stride: number;
  readonly #area: MemoryArea;
  readonly #format: ScalarFormat;
  readonly #name: string;
  readonly #base: number;
  /** The area as numbers, when all of ours are aligned in it; then they stand at `first + index * step`. */
  readonly #array: ScalarArray | undefined;
  readonly #first: number;
  readonly #step: number;

  constructor({ area, format, base, stride, length, name }: ScalarViewOptions) {
    const size = arrayOf[format].BYTES_PER_ELEMENT;
    this.length = length;
    this.stride = stride;
    this.#area = area;
    this.#format = format;
    this.#name = name;
    this.#base = base;
    this.#array = base % size === 0 && stride % size === 0 ? area.array(format) : undefined;
    this.#first = base / size;
    this.#step = stride / size;
  }

  get readOnly(): boolean {
    return this.#area.readOnly;
  }

  /**
   * The numbers as a plain typed array, live: the fastest way. There is one where they stand side by side (elements of an array
   * map are 8 bytes apart or more, so for 64-bit values) and may be written. It is memory, and knows nothing of `close()`: what it
   * shows after that is whatever stands there.
   */
  get values(): LiveValues<T> | undefined {
    this.#area.check();
    if (this.#array === undefined || this.#step !== 1 || this.readOnly) return undefined;
    return handOut(this.#array.subarray(this.#first, this.#first + this.length)) as LiveValues<T>;
  }

  /** The number, read in one access where it is aligned. */
  get(index: number): T {
    if (this.#array === undefined)
      return this.#area.read(this.#format, this.#base + this.#check(index) * this.stride) as T;
    this.#area.check();
    return this.#array[this.#first + this.#check(index) * this.#step] as T;
  }

  /** Writes the number. One that its format does not hold is BAD_VALUE, and nothing is written. */
  set(index: number, value: T | number): void {
    this.#area.write(this.#format, this.#base + this.#check(index) * this.stride, value, this.#where(index));
  }

  /** Copies of all. */
  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.length; index += 1) yield this.get(index);
  }

  /** Atomic, of integers with 32 or 64 bits that are aligned, as are all that follow. */
  load(index: number): T {
    const array = this.#atomic(index) as BigInt64Array;
    return (this.readOnly ? loadReadOnly(array, this.#slot(index)) : Atomics.load(array, this.#slot(index))) as T;
  }

  /** Sets the number. */
  store(index: number, value: T | number): void {
    Atomics.store(this.#atomicWritable(index) as BigInt64Array, this.#slot(index), this.#stored(index, value));
  }

  /** Adds, wrapping around; gives the number before. */
  add(index: number, value: T | number): T {
    return Atomics.add(this.#atomicWritable(index) as BigInt64Array, this.#slot(index), this.#delta(index, value)) as T;
  }

  /** Subtracts, wrapping around; gives the number before. */
  sub(index: number, value: T | number): T {
    return Atomics.sub(this.#atomicWritable(index) as BigInt64Array, this.#slot(index), this.#delta(index, value)) as T;
  }

  /** Stores; gives the number before. */
  exchange(index: number, value: T | number): T {
    return Atomics.exchange(
      this.#atomicWritable(index) as BigInt64Array,
      this.#slot(index),
      this.#stored(index, value),
    ) as T;
  }

  /** Stores `replacement` if the number is `expected`; gives the number before. */
  compareExchange(index: number, expected: T | number, replacement: T | number): T {
    const array = this.#atomicWritable(index) as BigInt64Array;
    return Atomics.compareExchange(
      array,
      this.#slot(index),
      this.#stored(index, expected),
      this.#stored(index, replacement),
    ) as T;
  }

  #slot(index: number): number {
    return this.#first + index * this.#step;
  }

  #stored(index: number, value: unknown): bigint {
    return toStored(this.#format, value, this.#where(index)) as bigint;
  }

  #delta(index: number, value: unknown): bigint {
    return toDelta(this.#format, value, this.#where(index)) as bigint;
  }

  #atomicWritable(index: number): AtomicArray {
    this.#area.checkWritable();
    return this.#atomic(index);
  }

  #atomic(index: number): AtomicArray {
    this.#area.check();
    this.#check(index);
    if (!isAtomic(this.#format))
      throw new TypeError(`Cannot use ${this.#name} atomically: only integers of 32 and 64 bits can be`);
    if (this.#array === undefined)
      throw new TypeError(`Cannot use ${this.#name} atomically: its struct is packed, and it is not aligned`);
    return this.#array as AtomicArray;
  }

  #check(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return index;
    throw badIndex(index, this.length, this.#name);
  }

  #where(index: number): string {
    return this.length === 1 ? this.#name : `element ${index} of ${this.#name}`;
  }
}

const fence = new ReadFence();

/** As `Atomics.load`, which may not touch pages that are mapped read-only. */
function loadReadOnly(array: BigInt64Array, at: number): bigint {
  fence.enter();
  const value = array[at]!;
  fence.pass();
  return value;
}
