import type { MapSpec } from "../../../spec/types.ts";
import { ArenaMap } from "./arena-map.ts";
import type { KernelMap } from "./kernel-map.ts";

/** First contents of global data, and of an arena, which gets its place; constants are frozen, so that the verifier may rely on them. */
export function fillMap(map: KernelMap, spec: MapSpec): void {
  if (map instanceof ArenaMap) {
    map.place();
    if (spec.contents !== undefined) map.writeBytes(0, spec.contents);
    return;
  }
  if (spec.contents !== undefined) {
    const value = new Uint8Array(spec.valueSize);
    value.set(spec.contents.subarray(0, spec.valueSize));
    map.update(new Uint8Array(spec.keySize), value, 0);
  }
  if (spec.readOnly) map.freeze();
}

/** A map that was there already: what it holds stays, and this process has an arena where all others have it. */
export function placed(map: KernelMap): KernelMap {
  if (map instanceof ArenaMap) map.placeAgain();
  return map;
}
