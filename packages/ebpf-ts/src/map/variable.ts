import type { EngineMap } from "../engine/engine.ts";
import { EbpfError } from "../errors.ts";
import type { VariableSpec } from "../spec/types.ts";
import type { ValueCodec } from "./value-codec.ts";

const key0 = new Uint8Array(4);

/** A global variable of the object, live. Writes reach running programs at once; a `const` one is set before load instead. */
export class Variable<T = unknown> {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #spec: VariableSpec;
  readonly #map: EngineMap;
  readonly #codec: ValueCodec;

  constructor(spec: VariableSpec, map: EngineMap, codec: ValueCodec) {
    this.name = spec.name;
    this.readOnly = spec.readOnly;
    this.#spec = spec;
    this.#map = map;
    this.#codec = codec;
  }

  get(): T {
    const bytes = this.#section();
    return this.#codec.decode(bytes.slice(this.#spec.offset, this.#spec.offset + this.#spec.size)) as T;
  }

  set(value: T): void {
    if (this.readOnly) {
      throw new EbpfError("BAD_VALUE", `Cannot set variable ${this.name}: it is read-only once loaded, give it to load() as an option`);
    }
    const bytes = this.#codec.encode(value);
    if (this.#map.memory) {
      this.#map.memory().set(bytes, this.#spec.offset);
      return;
    }
    const section = this.#section().slice();
    section.set(bytes, this.#spec.offset);
    this.#map.update(key0, section, 0);
  }

  /** All bytes of the section that holds it. */
  #section(): Uint8Array {
    const bytes = this.#map.memory && !this.readOnly ? this.#map.memory() : this.#map.lookup(key0);
    if (bytes === undefined) {
      throw new EbpfError("NOT_FOUND", `Cannot read variable ${this.name}: its section ${this.#spec.section} is gone`);
    }
    return bytes;
  }
}
