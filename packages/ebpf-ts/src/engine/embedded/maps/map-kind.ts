import type { MapSpec } from "../../../spec/types.ts";
import { EbpfError } from "../../../base/errors.ts";
import { MapFlag } from "../../../uapi/uapi.gen.ts";
import type { MachineMap, MachineMapImage, Region } from "../machine/contracts.ts";

/** How much memory a map takes, and of which kind. */
export interface MapShape {
  /** As the map will have it; rings round up. */
  readonly maxEntries: number;
  /** Bytes in the machine's memory; 0 for none. */
  readonly valueBytes: number;
  readonly access: Region["access"];
  /** Bytes of bookkeeping. All zero is the state of an empty map, except for what `prepare` writes. */
  readonly stateBytes: number;
  readonly prepare?: (state: ArrayBufferLike) => void;
}

/** What the engine knows about one BPF_MAP_TYPE_*. */
export interface MapKind {
  /** BPF_F_* that have the kernel's effect here, or none that could be seen. */
  readonly flags: number;
  /** Checks what the kernel checks at BPF_MAP_CREATE. */
  shape(spec: MapSpec, cpus: number): MapShape;
  open(image: MachineMapImage, memory: ArrayBufferLike, cpus: number): MachineMap;
}

/** The kernel's -EINVAL of BPF_MAP_CREATE, said in words. */
export function refuse(spec: MapSpec, why: string): EbpfError {
  return new EbpfError("BAD_OBJECT", `Cannot create map ${spec.name}: ${why}`);
}

/** BPF_F_RDONLY_PROG is held by the memory itself: a program's store is a fault. */
export function valueAccess(spec: MapSpec): Region["access"] {
  return spec.readOnly || (spec.flags & MapFlag.RDONLY_PROG) !== 0 ? "read" : "read-write";
}

/** For programs; user space may go on writing until the map is frozen, which is the engine's to hold. */
export function isReadOnlyToPrograms(image: MachineMapImage): boolean {
  return image.readOnly || (image.flags & MapFlag.RDONLY_PROG) !== 0;
}

export function roundUp8(size: number): number {
  return Math.ceil(size / 8) * 8;
}
