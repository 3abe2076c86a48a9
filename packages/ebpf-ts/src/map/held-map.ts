import { EbpfError } from "../base/errors.ts";
import type { EngineMap, MapInfo } from "../engine/map.ts";
import { pinObject, unpinObject } from "../engine/pinnable.ts";

export interface HeldMapParts {
  readonly map: EngineMap;
  readonly onClose?: (() => void) | undefined;
}

/** What a map of an engine's is to who holds it until it is closed, whatever is done with it meanwhile. */
export class HeldMap {
  readonly #map: EngineMap;
  readonly #onClose: (() => void) | undefined;
  #open = true;

  /** @internal */
  constructor({ map, onClose }: HeldMapParts) {
    this.#map = map;
    this.#onClose = onClose;
  }

  get name(): string {
    return this.#map.info.name;
  }

  get info(): MapInfo {
    return this.#map.info;
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
    return this.#map;
  }
}
