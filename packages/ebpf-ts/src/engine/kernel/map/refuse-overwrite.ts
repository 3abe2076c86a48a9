import { NotSupportedError } from "../../../base/errors.ts";
import { mapKind } from "../../../kinds/map-kinds.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { RB_OVERWRITE } from "../../../uapi/ring-overwrite.ts";
import { MapFlag } from "../../../uapi/uapi.gen.ts";

/** Throws the reason for which a kernel called a ring invalid, if all but the flag BPF_F_RB_OVERWRITE is as any kernel takes it. */
export function refuseOverwrite({ name, type, keySize, valueSize, flags }: MapSpec): void {
  if ((flags & RB_OVERWRITE) === 0 || keySize !== 0 || valueSize !== 0) return;
  if ((flags & ~(RB_OVERWRITE | MapFlag.NUMA_NODE)) !== 0) return;
  const { ring } = mapKind(type);
  if (ring === "event") {
    throw new NotSupportedError(
      "BPF_F_RB_OVERWRITE",
      `Cannot create map ${name}: a ring that overwrites its oldest records (BPF_F_RB_OVERWRITE) takes Linux 6.19`,
      "6.19",
    );
  }
  if (ring === "user") {
    throw new NotSupportedError(
      "BPF_F_RB_OVERWRITE",
      `Cannot create map ${name}: only a ring that programs write can overwrite its oldest records (BPF_F_RB_OVERWRITE)`,
    );
  }
}
