import type { MapSpec } from "../../../spec/types.ts";
import type { Machine } from "../machine/contracts.ts";
import { planMap } from "./plan-map.ts";

/** BPF_MAP_CREATE after load: the map's index in its machine, for all threads. It lives in the heap, until `removeMap` or the end. */
export function createMap(machine: Machine, spec: MapSpec): number {
  return machine.addMap((memory) => planMap(spec, memory, machine.image.cpus));
}
