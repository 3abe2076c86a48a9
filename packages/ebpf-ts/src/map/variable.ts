import type { Btf } from "../btf/types.ts";
import type { EngineMap } from "../engine/map.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import type { Live } from "../memory/array-memory.ts";
import { findScalar, type MemberPath } from "../memory/find-scalar.ts";
import type { Lifetime } from "../memory/lifetime.ts";
import { copyOf, liveView } from "../memory/live-view.ts";
import { MemoryArea } from "../memory/memory-area.ts";
import { ScalarView } from "../memory/scalar-view.ts";
import type { Shape } from "../memory/shape.ts";
import { writeShape } from "../memory/write-shape.ts";
import { checkPlace } from "../spec/set-variable.ts";
import type { VariableSpec } from "../spec/types.ts";
import { memoryShape } from "./memory-shape.ts";

export interface VariableOptions {
  readonly spec: VariableSpec;
  /** The map of its section. */
  readonly map: EngineMap;
  readonly btf: Btf | undefined;
  readonly lifetime: Lifetime;
}

const key0 = new Uint8Array(4);

/**
 * A global variable of the object, live and typed by BTF. Writes reach running programs at once; a `const volatile` one (`.rodata`)
 * is set before load instead, with the option `variables`.
 *
 * Integers of 32 and 64 bits have atomic operations, which are so with respect to programs that use `__sync_fetch_and_add` and its
 * like. Members of structs are changed in place with {@link view}, or with {@link field}.
 *
 * `In` is what may be written: `T`, or {@link Given} of it.
 */
export class Variable<T = unknown, In = T> {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #options: VariableOptions;
  #area: MemoryArea | undefined;
  #shape: Shape | undefined;
  #number: ScalarView | undefined;

  /** @internal Made by the collection. */
  constructor(options: VariableOptions) {
    this.name = options.spec.name;
    this.readOnly = options.spec.readOnly;
    this.#options = options;
  }

  /** The section that holds it: `.bss`, `.data`, `.rodata.cst`, … */
  get section(): string {
    return this.#options.spec.section;
  }

  /** Bytes. */
  get size(): number {
    return this.#options.spec.size;
  }

  /**
   * A copy of the value, which {@link set} makes the same bytes of again. A text that stands by itself is a string, and a `Uint8Array` where
   * that would say less than its bytes: behind its NUL, without a NUL, or of no UTF-8. So is a bool that is neither 0 nor 1, and a NaN
   * with a payload. In a struct or an array they are shown as in any, and the object remembers the bytes; also its padding.
   */
  get(): T {
    if (this.#isMapped()) return copyOf(this.#memory(), this.#offset, this.#type()) as T;
    const { area, at } = this.#snapshot();
    return copyOf(area, at, this.#type()) as T;
  }

  /** A text, a bool or a float may be given as its bytes. A value that does not fit its type is BAD_VALUE, and nothing is written. A struct is not replaced in one access. */
  set(value: In): void {
    this.#checkWritable();
    if (this.#isMapped()) return writeShape(this.#memory(), this.#offset, this.#type(), value, this.#title);
    const { area, at } = this.#snapshot();
    writeShape(area, at, this.#type(), value, this.#title);
    const { map } = this.#options;
    if (map.writeBytes !== undefined) return map.writeBytes(this.#offset, area.bytes);
    // Before Linux 5.5 a section can only be replaced as a whole.
    map.update(key0, area.bytes, 0);
  }

  /**
   * A struct as an object whose members are the memory's, an array as a view of its elements. Other values are copied. A text within a struct is
   * a string whatever stands behind its NUL; a member that is given what it says already is left as it is.
   */
  get view(): Live<T> {
    return liveView(this.#memory(), this.#offset, this.#type(), this.#title) as Live<T>;
  }

  /** One number within the variable, as a view of length 1: `field("totals", 3).add(0, 1n)`. Without a path: the variable itself. */
  field<N extends number | bigint = number | bigint>(...path: MemberPath): ScalarView<N> {
    const { offset, format } = findScalar(this.#type(), path, this.#title);
    const name = path.length === 0 ? this.#title : `${path.join(".")} of ${this.#title}`;
    const base = this.#offset + offset;
    return new ScalarView<N>({ area: this.#memory(), format, base, stride: 8, length: 1, name });
  }

  /** Atomic, of an integer with 32 or 64 bits, as are all that follow. */
  load(): T {
    return this.#integer.load(0) as T;
  }

  /** Sets the number. */
  store(value: T): void {
    this.#writable.store(0, value as bigint);
  }

  /** Adds, wrapping around; gives the number before. */
  add(value: T | number): T {
    return this.#writable.add(0, value as bigint) as T;
  }

  /** Subtracts, wrapping around; gives the number before. */
  sub(value: T | number): T {
    return this.#writable.sub(0, value as bigint) as T;
  }

  /** Stores; gives the number before. */
  exchange(value: T): T {
    return this.#writable.exchange(0, value as bigint) as T;
  }

  /** Stores `replacement` if the number is `expected`; gives the number before. */
  compareExchange(expected: T, replacement: T): T {
    return this.#writable.compareExchange(0, expected as bigint, replacement as bigint) as T;
  }

  get #title(): string {
    return `variable ${this.name}`;
  }

  get #offset(): number {
    return this.#options.spec.offset;
  }

  get #integer(): ScalarView {
    this.#number ??= this.field();
    return this.#number;
  }

  get #writable(): ScalarView {
    this.#checkWritable();
    return this.#integer;
  }

  #type(): Shape {
    const { spec, btf } = this.#options;
    this.#shape ??= memoryShape(btf, spec.type, spec.size, this.#title);
    return this.#shape;
  }

  #checkWritable(): void {
    if (!this.readOnly) return;
    throw new TypeError(
      `Cannot set ${this.#title}: it is read-only once loaded, give it to load() in the option variables`,
    );
  }

  #isMapped(): boolean {
    return this.#options.map.readOnlyMemory !== undefined;
  }

  #memory(): MemoryArea {
    this.#area ??= this.#openMemory();
    this.#area.check();
    return this.#area;
  }

  #openMemory(): MemoryArea {
    const { map, lifetime } = this.#options;
    if (map.readBytes !== undefined)
      throw new NotSupportedError(
        "views of arenas",
        `Cannot view ${this.#title}: it lies in an arena, whose pages programs can take away: use get() and set()`,
      );
    if (!map.readOnlyMemory) {
      throw new NotSupportedError(
        "mmap",
        `Cannot view ${this.#title}: this kernel does not map global variables into memory`,
        "5.5",
      );
    }
    const readOnly = this.readOnly || map.memory === undefined || map.frozen === true;
    const bytes = readOnly ? map.readOnlyMemory() : map.memory!();
    return this.#checked(new MemoryArea({ name: this.#title, bytes, readOnly, lifetime }));
  }

  /** A copy, and where the variable is in it: of the whole section, or in an arena of the variable alone. */
  #snapshot(): { readonly area: MemoryArea; readonly at: number } {
    const { map, lifetime } = this.#options;
    const options = { name: this.#title, readOnly: false, lifetime };
    if (map.readBytes !== undefined)
      return { area: new MemoryArea({ ...options, bytes: map.readBytes(this.#offset, this.size) }), at: 0 };
    const bytes = map.lookup(key0)?.slice();
    if (bytes === undefined) {
      throw new EbpfError("NOT_FOUND", `Cannot read ${this.#title}: its section ${this.section} is gone`);
    }
    return { area: this.#checked(new MemoryArea({ ...options, bytes })), at: this.#offset };
  }

  #checked(area: MemoryArea): MemoryArea {
    checkPlace(this.#options.spec, area.length);
    return area;
  }
}
