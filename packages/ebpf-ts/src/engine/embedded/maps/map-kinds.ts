import { MapType } from "../../../uapi/uapi.gen.ts";
import { arrayKind, perCpuArrayKind } from "./array-map.ts";
import { hashKind, lruHashKind, perCpuHashKind } from "./hash-map.ts";
import type { MapKind } from "../machine/map-kind.ts";
import { progArrayKind } from "./prog-array.ts";
import { ringKinds } from "../rings/ring-kinds.ts";

/** What the embedded engine can make, by BPF_MAP_TYPE_*. */
export const mapKinds: ReadonlyMap<number, MapKind> = new Map<number, MapKind>([
  [MapType.ARRAY, arrayKind],
  [MapType.PERCPU_ARRAY, perCpuArrayKind],
  [MapType.HASH, hashKind],
  [MapType.PERCPU_HASH, perCpuHashKind],
  [MapType.LRU_HASH, lruHashKind],
  [MapType.PROG_ARRAY, progArrayKind],
  ...ringKinds,
]);
