import type { MapSpec } from "../../../spec/types.ts";
import type { KernelMap } from "./kernel-map.ts";

/** First contents of global data; constants are frozen, so that the verifier may rely on them. */
export function fillMap(map: KernelMap, spec: MapSpec): void {
  if (spec.contents !== undefined) {
    const value = new Uint8Array(spec.valueSize);
    value.set(spec.contents.subarray(0, spec.valueSize));
    map.update(new Uint8Array(spec.keySize), value, 0);
  }
  if (spec.readOnly) map.freeze();
}
