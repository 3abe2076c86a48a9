import { mapKind } from "../../kinds/map-kinds.ts";
import type { MapSpec } from "../types.ts";

/** Bytes of a record of a size as a reader gets it: samples of perf rings are padded, with the 4 bytes before them, to 8. */
export function recordLength({ type }: MapSpec, size: number): number {
  return mapKind(type).ring === "perf" ? Math.ceil((size + 4) / 8) * 8 - 4 : size;
}
