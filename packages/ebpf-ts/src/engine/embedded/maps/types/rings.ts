import type { MapImplementations } from "../../machine/map-implementation.ts";
import { ringMaps } from "../../rings/ring-maps.ts";

export const implementations: MapImplementations = [...ringMaps];
