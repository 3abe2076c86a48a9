import { mapKind, type NounKind } from "../kinds/map-kinds.ts";
import type { MapSpec } from "../spec/types.ts";

/** Where a map stands in a description. */
export type DescriptionPart = "maps" | "rings" | "userRings" | "variables";

const parts: Readonly<Record<NounKind, DescriptionPart>> = {
  "bpf-map": "maps",
  queue: "maps",
  "bloom-filter": "maps",
  "struct-ops": "maps",
  "ring-buf": "rings",
  "perf-event-array": "rings",
  "user-ring-buf": "userRings",
};

/** What holds global variables is reached by those. */
export function partOf({ type, section }: MapSpec): DescriptionPart {
  return section === undefined ? parts[mapKind(type).noun] : "variables";
}
