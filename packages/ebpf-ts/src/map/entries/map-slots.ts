import type { EngineMap } from "../../engine/map.ts";
import type { EngineProgram } from "../../engine/program.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { engineMapOf } from "../engine-map-of.ts";

/** What stands in a slot of a map that holds programs: a `Program`. */
interface Held {
  readonly handle: EngineProgram;
}

/** Puts a program or a map into a map that holds such. False for maps of values, and for the numbers that the engine takes there too. */
export function setSlot(map: EngineMap, key: Uint8Array, value: unknown, flags: number): boolean {
  const held = mapKind(map.info.type).value;
  if (held === "program") return flags === 0 && setProgram(map, key, value);
  return held === "map" && flags === 0 && setMap(map, key, value);
}

function setProgram(map: EngineMap, key: Uint8Array, value: unknown): boolean {
  const program = (value as Partial<Held> | null | undefined)?.handle;
  if (program?.info === undefined || map.setProgram === undefined) return false;
  map.setProgram(new DataView(key.buffer, key.byteOffset).getUint32(0, true), program);
  return true;
}

function setMap(map: EngineMap, key: Uint8Array, value: unknown): boolean {
  const inner = engineMapOf(value);
  if (inner === undefined || map.setMap === undefined) return false;
  map.setMap(key, inner);
  return true;
}
