import type { EngineMap } from "../engine/map.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import { nounOf } from "./engine-map-of.ts";
import { nounMakers } from "./noun-makers.gen.ts";
import type { NounParts } from "./noun.ts";
import type { MapNoun } from "./nouns.gen.ts";

/** The noun for a map of an engine: its type says which. */
export function makeNoun(map: EngineMap, parts: NounParts): MapNoun {
  return nounOf(map, nounMakers[mapKind(map.info.type).noun].make(map, parts));
}
