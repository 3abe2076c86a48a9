import type { EngineMap } from "../../engine/map.ts";
import type { NounMaker, NounParts } from "../noun.ts";
import { PerfEventArray } from "../perf/perf-event-array.ts";
import { tableFinder } from "../table-finder.ts";
import type { PerfRingsParts } from "../perf/perf-rings.ts";
import { recordDecoder } from "../record-codec.ts";

export { PerfEventArray } from "../perf/perf-event-array.ts";

export const maker: NounMaker<PerfEventArray> = {
  door: "it is a perf event array, open it with perfEventArray()",
  make: (map, parts) =>
    new PerfEventArray({
      name: map.info.name,
      open: () => openRings(map, parts),
      pinnable: map,
      onClose: parts.onClose,
    }),
};

function openRings(map: EngineMap, { record, perf: options }: NounParts): PerfRingsParts<unknown> {
  const { pages, overwritable, watermark } = options();
  const perf = map.perf!({ pages, overwritable, watermark });
  record.settle();
  return {
    perf,
    overwritable,
    watermark,
    decode: recordDecoder(record),
    findTable: tableFinder(`perf event array ${map.info.name}`, () => record.settle()),
  };
}
