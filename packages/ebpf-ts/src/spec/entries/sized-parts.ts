import { isKernelNumber, mapKind } from "../../kinds/map-kinds.ts";
import type { MapSpec } from "../types.ts";

/** Half of an entry. */
export type Part = "key" | "value";

/** What the definition of a map gives the size of alone, and is not the kernel's: bytes, as far as it tells. */
export function sizedParts(map: MapSpec): readonly Part[] {
  const { key, value, ring } = mapKind(map.type);
  if (map.section !== undefined || ring !== undefined) return [];
  const parts: Part[] = [];
  if (map.keyType === 0 && map.keySize > 0 && key !== "none" && !(isKernelNumber(key) && map.keySize === 4))
    parts.push("key");
  if (map.valueType === 0 && map.valueSize > 0 && value === "any") parts.push("value");
  return parts;
}
