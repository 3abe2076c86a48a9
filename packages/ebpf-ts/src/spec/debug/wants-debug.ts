import { mapKind } from "../../kinds/map-kinds.ts";
import { sizedParts } from "../entries/sized-parts.ts";
import type { CollectionSpec } from "../types.ts";
import { DebugInfo } from "./debug-info.ts";

/** Whether something of it may be asked for: what the records of rings are, or the entries of maps that have sizes alone. */
export function wantsDebug({ debug, maps }: CollectionSpec): boolean {
  if (!(debug instanceof DebugInfo)) return false;
  return maps.some((map) => mapKind(map.type).ring !== undefined || sizedParts(map).length > 0);
}
