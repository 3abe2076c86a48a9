import { EbpfError, ValueError } from "../../base/errors.ts";
import { HeldMap, type HeldMapParts } from "../held-map.ts";
import type { ValueCodec } from "../value-codec.ts";

export interface KeylessParts extends HeldMapParts {
  readonly value: ValueCodec;
}

/** What maps of values without keys have in common. */
export class KeylessValues<V> extends HeldMap {
  readonly #value: ValueCodec;

  /** @internal Made by the collection. */
  constructor(parts: KeylessParts) {
    super(parts);
    this.#value = parts.value;
  }

  protected encode(value: V): Uint8Array {
    try {
      return this.#value.encode(value);
    } catch (error) {
      if (!(error instanceof EbpfError) || error.code !== "BAD_VALUE") throw error;
      throw new ValueError(`Cannot put a value into map ${this.name}`, { map: this.name }, error);
    }
  }

  protected decode(bytes: Uint8Array | undefined): V | undefined {
    return bytes && (this.#value.decode(bytes) as V);
  }
}

/** Where bpf(2) wants no key. */
export const noKey: Uint8Array = new Uint8Array(0);
