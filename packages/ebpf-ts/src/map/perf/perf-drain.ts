import type { DrainOptions, DrainResult } from "../../ring/drain-options.ts";
import type { PerfReader } from "../../ring/perf/perf-reader.ts";

/** How many samples pass between two looks at the clock. */
const samplesPerLook = 32;

/** What a drain of perf rings has read. Nothing is ever discarded there, and no sample is seen before it is whole. */
export interface PerfDrainResult extends DrainResult {
  /** Events that found no room, as far as the kernel has told of them with the samples that were read. */
  readonly lost: number;
}

/** Hands out what is there now; `show` gives false to end it. */
export function drainSamples(
  reader: PerfReader,
  show: () => boolean,
  { max = Infinity, budgetMs = Infinity }: DrainOptions,
): PerfDrainResult {
  const deadline = budgetMs === Infinity ? Infinity : performance.now() + budgetMs;
  const lostBefore = lostOf(reader);
  const mark = reader.mark();
  let delivered = 0;
  let state: DrainResult["state"] | undefined;
  try {
    while (state === undefined) {
      if (reader.hasReached(mark)) state = reader.hasData() ? "limit" : "empty";
      else if (delivered % samplesPerLook === samplesPerLook - 1 && performance.now() >= deadline) state = "limit";
      else if (!reader.next()) state = "empty";
      else {
        delivered += 1;
        if (!show()) state = "stopped";
        else if (delivered >= max) state = "limit";
      }
    }
  } finally {
    reader.flush();
  }
  return { delivered, discarded: 0, state, lost: lostOf(reader) - lostBefore };
}

function lostOf(reader: PerfReader): number {
  return reader.consumers.reduce((sum, consumer) => sum + consumer.lost, 0);
}
