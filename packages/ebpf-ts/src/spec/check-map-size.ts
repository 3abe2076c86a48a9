import { EbpfError } from "../base/errors.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import type { MapSpec } from "./types.ts";

/** Before a map is made, on any engine: the kernel would say EINVAL of one without a size. */
export function checkMapSize({ name, type, maxEntries }: MapSpec): void {
  const { counts } = mapKind(type);
  if (maxEntries !== 0 || counts === "nothing" || counts === "cpus") return;
  throw new EbpfError(
    "BAD_OBJECT",
    `Cannot create map ${name}: it has no size, which the object leaves to who loads it: give load() maps: { ${name}: { maxEntries: … } } (${counts})`,
  );
}
