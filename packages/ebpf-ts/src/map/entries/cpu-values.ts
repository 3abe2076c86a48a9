import type { MapInfo } from "../../engine/map.ts";
import { NotSupportedError } from "../../base/errors.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { copied } from "../../memory/shape.ts";
import type { ValueCodec } from "../value-codec.ts";

/** The values of a map as bytes: one, or one for every possible CPU in a row, each padded to 8 bytes (bpf_map_value_size). */
export class CpuValues {
  readonly perCpu: boolean;
  readonly #info: MapInfo;
  readonly #codec: ValueCodec;
  readonly #cpus: number;

  constructor(info: MapInfo, codec: ValueCodec, cpus: number) {
    this.perCpu = mapKind(info.type).perCpu;
    this.#info = info;
    this.#codec = codec;
    this.#cpus = cpus;
  }

  /** Bytes of what one key has. */
  get bytes(): number {
    return this.perCpu ? roundUp8(this.#codec.size) * this.#cpus : this.#codec.size;
  }

  /** What a user sees: the value; of a per-CPU map an array of all, or their sum. */
  decode(bytes: Uint8Array, sum = false): unknown {
    if (!this.perCpu) return this.#codec.decode(bytes.subarray(0, this.#codec.size));
    const values = this.split(bytes);
    return sum ? values.reduce((total, value) => this.#add(total, value)) : values;
  }

  /** The same for every CPU. Of a live struct it is what that shows now. */
  encode(value: unknown): Uint8Array {
    const one = this.#codec.encode(copied(value));
    return this.perCpu ? this.#join(Array.from({ length: this.#cpus }, () => one)) : one;
  }

  encodeEach(values: readonly unknown[]): Uint8Array {
    if (!this.perCpu) throw new TypeError(`Cannot set values per CPU: map ${this.#info.name} is not a per-CPU map`);
    if (values.length !== this.#cpus) {
      throw new RangeError(
        `Cannot set map ${this.#info.name}: it takes ${this.#cpus} values, one per CPU, not ${values.length}`,
      );
    }
    return this.#join(values.map((value) => this.#codec.encode(copied(value))));
  }

  /** Of a map of one value for all CPUs: that one. */
  split(bytes: Uint8Array): unknown[] {
    const { size } = this.#codec;
    const stride = this.perCpu ? roundUp8(size) : size;
    const values: unknown[] = [];
    for (let at = 0; at + size <= bytes.length; at += Math.max(stride, 1))
      values.push(this.#codec.decode(bytes.subarray(at, at + size)));
    return values;
  }

  #join(values: readonly Uint8Array[]): Uint8Array {
    const stride = roundUp8(this.#codec.size);
    const bytes = new Uint8Array(stride * values.length);
    for (const [i, value] of values.entries()) bytes.set(value, i * stride);
    return bytes;
  }

  /** Numbers, and the numbers in arrays and structs. */
  #add(a: unknown, b: unknown): unknown {
    if (typeof a === "number" && typeof b === "number") return a + b;
    if (typeof a === "bigint" && typeof b === "bigint") return a + b;
    if (Array.isArray(a) && Array.isArray(b)) return a.map((each, index) => this.#add(each, b[index]));
    if (isStruct(a) && isStruct(b))
      return Object.fromEntries(Object.keys(a).map((name) => [name, this.#add(a[name], b[name])]));
    throw new NotSupportedError("sum", `Cannot sum the values of map ${this.#info.name}: not all in them are numbers`);
  }
}

function isStruct(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

function roundUp8(size: number): number {
  return (size + 7) & ~7;
}
