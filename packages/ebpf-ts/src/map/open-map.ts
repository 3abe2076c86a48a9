import { BpfMap, type ValueMemory } from "./bpf-map.ts";
import type { EngineMap } from "../engine/map.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import type { ValueCodec } from "./value-codec.ts";

export interface OpenMapParts {
  readonly map: EngineMap;
  readonly key: ValueCodec;
  readonly value: ValueCodec;
  readonly shape: ValueMemory["shape"];
  readonly close: () => void;
}

/** A map that was opened by itself, not with a collection: close it when it is not needed any more. */
export class OpenMap<K = unknown, V = unknown> extends BpfMap<K, V> {
  readonly #lifetime: { open: boolean };
  readonly #close: () => void;

  constructor({ map, key, value, shape, close }: OpenMapParts) {
    const lifetime = { open: true };
    super(map, key, value, mapKind(map.info.type).perCpu, { shape, lifetime });
    this.#lifetime = lifetime;
    this.#close = close;
  }

  /** The map lives on as long as anybody else holds it. Idempotent. */
  close(): void {
    this.#lifetime.open = false;
    this.#close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
