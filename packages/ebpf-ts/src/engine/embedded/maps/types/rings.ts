import { MapType } from "../../../../uapi/uapi.gen.ts";
import type { MapImplementations } from "../../machine/map-implementation.ts";
import { perfArray } from "../../rings/perf/perf-array.ts";
import { ringMaps } from "../../rings/ring-maps.ts";

export const implementations: MapImplementations = [...ringMaps, [MapType.PERF_EVENT_ARRAY, perfArray]];
