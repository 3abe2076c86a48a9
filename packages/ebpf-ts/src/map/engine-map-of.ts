import type { EngineMap } from "../engine/map.ts";

const engineMaps = new WeakMap<object, EngineMap>();

/** Remembers of which map of an engine a noun is, for maps that hold maps, and for loads that use one again. */
export function nounOf<Noun extends object>(map: EngineMap, noun: Noun): Noun {
  engineMaps.set(noun, map);
  return noun;
}

/** Undefined for what is no map. */
export function engineMapOf(noun: unknown): EngineMap | undefined {
  return typeof noun === "object" && noun !== null ? engineMaps.get(noun) : undefined;
}
