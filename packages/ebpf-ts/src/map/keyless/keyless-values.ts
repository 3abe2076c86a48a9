import type { EngineMap, MapInfo } from "../../engine/map.ts";
import { pinObject, unpinObject } from "../../engine/pinnable.ts";
import { EbpfError, ValueError } from "../../base/errors.ts";
import type { ValueCodec } from "../value-codec.ts";

export interface KeylessParts {
  readonly map: EngineMap;
  readonly value: ValueCodec;
  readonly onClose?: (() => void) | undefined;
}

/** What maps of values without keys have in common. */
export class KeylessValues<V> {
  readonly #engineMap: EngineMap;
  readonly #value: ValueCodec;
  readonly #onClose: (() => void) | undefined;
  #open = true;

  /** @internal Made by the collection. */
  constructor({ map, value, onClose }: KeylessParts) {
    this.#engineMap = map;
    this.#value = value;
    this.#onClose = onClose;
  }

  get name(): string {
    return this.#engineMap.info.name;
  }

  get info(): MapInfo {
    return this.#engineMap.info;
  }

  /** Keeps the map alive under a path of a bpffs (kernel engine), one at a time (BUSY). */
  pin(path: string): void {
    pinObject(this.map, path, `map ${this.name}`);
  }

  /** Takes the pin away that {@link pin} or loading made, or where it was opened. Throws NOT_FOUND where there is none. */
  unpin(): void {
    unpinObject(this.map, `map ${this.name}`);
  }

  /** Lets go of the map, which lives on as long as anybody else holds it. Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected get map(): EngineMap {
    if (!this.#open) throw new EbpfError("CLOSED", `Cannot use map ${this.name}: it is closed`);
    return this.#engineMap;
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
