import type { MapSpec } from "../../../spec/types.ts";
import { MapFlag } from "../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../machine/image.ts";
import type { Access } from "../memory/region.ts";

/** BPF_F_RDONLY_PROG is held by the memory itself: a program's store is a fault. */
export function valueAccess(spec: MapSpec): Access {
  return spec.readOnly || (spec.flags & MapFlag.RDONLY_PROG) !== 0 ? "read" : "read-write";
}

/** For programs; user space may go on writing until the map is frozen, which is the engine's to hold. */
export function isReadOnlyToPrograms(image: MachineMapImage): boolean {
  return image.readOnly || (image.flags & MapFlag.RDONLY_PROG) !== 0;
}
