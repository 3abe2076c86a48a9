import { wrongKind } from "../../base/checks.ts";
import { NotSupportedError } from "../../base/errors.ts";
import type { EngineMap } from "../../engine/map.ts";
import type { EngineProgram } from "../../engine/program.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { engineMapOf } from "../engine-map-of.ts";

/** What stands in a slot of a map that holds programs: a `Program`. */
interface Held {
  readonly handle: EngineProgram;
}

/**
 * Puts a program or a map into a map that holds such, itself or by its id, as it is read; `where` is for errors: "key 2 of map jumps". False for
 * maps of values, and for bytes.
 */
export function setSlot(map: EngineMap, key: Uint8Array, value: unknown, flags: number, where: () => string): boolean {
  const held = mapKind(map.info.type).value;
  if (held !== "program" && held !== "map") return false;
  if (value instanceof Uint8Array) return false;
  const put = putId(map, key, value) ?? (held === "program" ? putProgram(map, key, value) : putMap(map, key, value));
  if (put === undefined) throw wrongKind(`The value of ${where()}`, `a ${held}, or the id of one`, value);
  if (flags !== 0)
    throw new NotSupportedError(
      "mode",
      `Cannot set ${where()}: a ${held} is put where none is or another, with the mode "any" alone`,
    );
  put();
  return true;
}

function putId(map: EngineMap, key: Uint8Array, value: unknown): (() => void) | undefined {
  if (map.setId === undefined || typeof value !== "number" || value !== value >>> 0) return undefined;
  return () => map.setId!(key, value);
}

function putProgram(map: EngineMap, key: Uint8Array, value: unknown): (() => void) | undefined {
  const program = (value as Partial<Held> | null | undefined)?.handle;
  if (program?.info === undefined || map.setProgram === undefined) return undefined;
  return () => map.setProgram!(new DataView(key.buffer, key.byteOffset).getUint32(0, true), program);
}

function putMap(map: EngineMap, key: Uint8Array, value: unknown): (() => void) | undefined {
  const inner = engineMapOf(value);
  if (inner === undefined || map.setMap === undefined) return undefined;
  return () => map.setMap!(key, inner);
}
