import type { NounKind } from "../kinds/map-kinds.ts";
import type { BpfMap } from "./bpf-map.ts";
import type { PerfEventArray } from "./perf/perf-event-array.ts";
import type { RingBuf } from "./ring-buf.ts";
import type { UserRingBuf } from "./user-ring-buf.ts";

/** What a user holds of a map, by what the map is. */
export interface Nouns {
  map: BpfMap;
  "ring-buf": RingBuf;
  "user-ring-buf": UserRingBuf;
  "perf-event-array": PerfEventArray;
}

/** A live map: `instanceof` tells which it is. */
export type MapNoun = Nouns[NounKind];
