import type { MapSpec } from "../../../spec/types.ts";
import { EbpfError } from "../../../base/errors.ts";
import type { Access } from "../memory/region.ts";
import type { MachineMapImage } from "./image.ts";
import type { MachineMap } from "./machine-map.ts";

/** How much memory a map takes, and of which kind. */
export interface MapShape {
  /** As the map will have it; rings round up. */
  readonly maxEntries: number;
  /** Bytes in the machine's memory; 0 for none. */
  readonly valueBytes: number;
  readonly access: Access;
  /** Bytes of bookkeeping. All zero is the state of an empty map. */
  readonly stateBytes: number;
}

/** How the engine makes maps of one BPF_MAP_TYPE_*; what such a map is, `kinds/map-kinds.ts` says. */
export interface MapImplementation {
  /** BPF_F_* that have the kernel's effect here, or none that could be seen. */
  readonly flags: number;
  /** The bits of map_extra that mean something; none where it is not said. */
  readonly extra?: bigint;
  /** Checks what the kernel checks at BPF_MAP_CREATE. */
  shape(spec: MapSpec, cpus: number): MapShape;
  open(image: MachineMapImage, memory: ArrayBufferLike, cpus: number): MachineMap;
}

/** What one file makes, by BPF_MAP_TYPE_*. */
export type MapImplementations = readonly (readonly [type: number, MapImplementation])[];

/** The kernel's -EINVAL of BPF_MAP_CREATE, said in words. */
export function refuse(spec: MapSpec, why: string): EbpfError {
  return new EbpfError("BAD_OBJECT", `Cannot create map ${spec.name}: ${why}`);
}
