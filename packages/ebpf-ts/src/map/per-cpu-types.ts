import { MapType } from "../uapi/uapi.gen.ts";

/** Maps whose lookups give a value for every possible CPU. */
export const perCpuTypes: ReadonlySet<number> = new Set([
  MapType.PERCPU_HASH,
  MapType.PERCPU_ARRAY,
  MapType.LRU_PERCPU_HASH,
  MapType.PERCPU_CGROUP_STORAGE,
]);
