import { badIndex } from "../base/bad-index.ts";
import { findScalar, type MemberPath } from "./find-scalar.ts";
import { handOut } from "./handed-out.ts";
import type { MemoryArea } from "./memory-area.ts";
import { type LiveValues, ScalarView } from "./scalar-view.ts";
import type { Shape } from "./shape.ts";
import { writeShape } from "./write-shape.ts";

/**
 * What a member shows: numbers, texts and bytes as values, structs as objects and arrays as views that are live in turn. A text or a boolean
 * that such a view gives stands by itself, in no struct: it is its bytes, where it would say less than they do.
 */
export type Live<T> = T extends number | bigint | string | boolean | Uint8Array | undefined
  ? T
  : T extends readonly (infer Element)[]
    ? ArrayMemory<
        string extends Element ? Element | Uint8Array : Element extends boolean ? Element | Uint8Array : Element
      >
    : T extends object
      ? { [Member in keyof T]: Live<T[Member]> }
      : T;

/** Makes {@link Live} of what stands at `at`. */
export type ViewMaker = (area: MemoryArea, at: number, shape: Shape, name: string) => unknown;

export interface ArrayMemoryOptions {
  readonly area: MemoryArea;
  readonly base: number;
  readonly length: number;
  readonly stride: number;
  readonly element: Shape;
  /** For errors: `map counters`. */
  readonly name: string;
  readonly view: ViewMaker;
}

/**
 * An array in memory that programs share, live: what they write is seen at once, and what is written here is seen by them, without
 * a system call.
 *
 * | you want | use |
 * |---|---|
 * | a copy of an element | `get(3)` |
 * | to replace an element | `set(3, value)`: a struct is not replaced in one access |
 * | members of a struct, in place | `at(3).packets = 0n` |
 * | to count together with programs | `add(3, 1)`, or of a member `field("packets").add(3, 1)` |
 * | all numbers as fast as memory is | `values` |
 *
 * An index outside is a RangeError, what is no number a TypeError, use after close an `EbpfError` CLOSED, and a write to read-only memory a TypeError.
 */
export class ArrayMemory<T = unknown> implements Iterable<T> {
  readonly length: number;
  /** Bytes from one element to the next: in array maps the size of a value, rounded up to 8. */
  readonly stride: number;
  readonly #area: MemoryArea;
  readonly #base: number;
  readonly #element: Shape;
  readonly #name: string;
  readonly #view: ViewMaker;
  /** The elements, where they are numbers. */
  readonly #numbers: ScalarView | undefined;

  constructor({ area, base, length, stride, element, name, view }: ArrayMemoryOptions) {
    this.length = length;
    this.stride = stride;
    this.#area = area;
    this.#base = base;
    this.#element = element;
    this.#name = name;
    this.#view = view;
    if (element.kind === "scalar") {
      this.#numbers = new ScalarView({ area, format: element.format, base, stride, length, name });
    }
  }

  /** Whether it is memory that must not be written: of constants, and of frozen maps. */
  get readOnly(): boolean {
    return this.#area.readOnly;
  }

  /** The elements as a plain typed array, where they are numbers that stand side by side and may be written: see {@link ScalarView.values}. */
  get values(): LiveValues<T> | undefined {
    return this.#numbers?.values as LiveValues<T> | undefined;
  }

  /** All bytes, live, padding included; undefined when they may not be written. */
  get bytes(): Uint8Array | undefined {
    this.#area.check();
    if (this.readOnly) return undefined;
    return handOut(this.#area.bytes.subarray(this.#base, this.#base + this.length * this.stride));
  }

  /** A copy of the element. A text or a bool whose bytes say more than it does is a `Uint8Array`; of a number that is a NaN, no payload is told. */
  get(index: number): T {
    if (this.#numbers !== undefined) return this.#numbers.get(index) as T;
    const at = this.#place(index);
    this.#area.check();
    return (this.#element as Exclude<Shape, { kind: "scalar" }>).read(this.#area.view, at) as T;
  }

  /** Writes the element. A value that does not fit is BAD_VALUE, and nothing is written. */
  set(index: number, value: T): void {
    writeShape(this.#area, this.#place(index), this.#element, value, `element ${index} of ${this.#name}`);
  }

  /** The element as an object with its members, or a view of its elements, live. */
  at(index: number): Live<T> {
    return this.#view(this.#area, this.#place(index), this.#element, `element ${index} of ${this.#name}`) as Live<T>;
  }

  /**
   * One member of all elements: `field("packets").get(3)`, `field("latency", 0).add(3, 1n)`. Names go into structs, numbers
   * into arrays; the member must be a plain number.
   */
  field<N extends number | bigint = number | bigint>(...path: MemberPath): ScalarView<N> {
    const { offset, format } = findScalar(this.#element, path, this.#name);
    const { length, stride } = this;
    const name = path.length === 0 ? this.#name : `${path.join(".")} of ${this.#name}`;
    return new ScalarView<N>({ area: this.#area, format, base: this.#base + offset, stride, length, name });
  }

  /** Copies of all elements. */
  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.length; index += 1) yield this.get(index);
  }

  /** Atomic, of integers with 32 or 64 bits, as are all that follow. */
  load(index: number): T {
    return this.#integers().load(index) as T;
  }

  /** Sets the number. */
  store(index: number, value: T): void {
    this.#integers().store(index, value as bigint);
  }

  /** Adds, wrapping around; gives the number before. */
  add(index: number, value: T | number): T {
    return this.#integers().add(index, value as bigint) as T;
  }

  /** Subtracts, wrapping around; gives the number before. */
  sub(index: number, value: T | number): T {
    return this.#integers().sub(index, value as bigint) as T;
  }

  /** Stores; gives the number before. */
  exchange(index: number, value: T): T {
    return this.#integers().exchange(index, value as bigint) as T;
  }

  /** Stores `replacement` if the number is `expected`; gives the number before. */
  compareExchange(index: number, expected: T, replacement: T): T {
    return this.#integers().compareExchange(index, expected as bigint, replacement as bigint) as T;
  }

  /** Copies of all elements. */
  toJSON(): T[] {
    return [...this];
  }

  #integers(): ScalarView {
    if (this.#numbers !== undefined) return this.#numbers;
    throw new TypeError(
      `Cannot use an element of ${this.#name} atomically: it is no number, take a member with field()`,
    );
  }

  #place(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return this.#base + index * this.stride;
    throw badIndex(index, this.length, this.#name);
  }
}
