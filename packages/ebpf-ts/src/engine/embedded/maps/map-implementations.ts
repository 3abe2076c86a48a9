import type { MapImplementation } from "../machine/map-implementation.ts";
import { ringMaps } from "../rings/ring-maps.ts";
import { arrayMaps } from "./array-map.ts";
import { hashMaps } from "./hash-map.ts";
import { progArrays } from "./prog-array.ts";

/** What the embedded engine can make, by BPF_MAP_TYPE_*. */
export const mapImplementations: ReadonlyMap<number, MapImplementation> = new Map([
  ...arrayMaps,
  ...hashMaps,
  ...progArrays,
  ...ringMaps,
]);
