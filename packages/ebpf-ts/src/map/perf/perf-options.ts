import type { PerfOptions } from "../../engine/perf.ts";
import { type Checks, optionsOf } from "../../base/check-options.ts";
import { aBoolean, integer, powerOfTwo } from "../../base/checks.ts";

/** How the rings of a perf event array are made. */
export interface PerfRingOptions {
  /** Pages of memory of each CPU's ring, a power of two; 16 by default. */
  readonly pages?: number | undefined;
  /** Wakes the loop only after so many bytes or events; {@link PerfEventArray.drain} reads what is there at any time. */
  readonly watermark?: { readonly bytes: number } | { readonly events: number } | undefined;
  /** New events overwrite old ones (`write_backward`, Linux 4.7): read with {@link PerfEventArray.snapshot}. */
  readonly overwritable?: boolean | undefined;
}

/** 1 GiB of usual pages. */
const mostPages = 2 ** 18;
const mostUnits = 0xffff_ffff;

interface Watermark {
  readonly bytes?: number | undefined;
  readonly events?: number | undefined;
}

const units: Checks<Watermark> = { bytes: integer(1, mostUnits), events: integer(1, mostUnits) };
export const perfChecks: Checks<PerfRingOptions> = {
  pages: powerOfTwo(1, mostPages),
  watermark: optionsOf(units),
  overwritable: aBoolean,
};

/** Fills in the defaults of what was checked. */
export function perfOptions(options: PerfRingOptions): PerfOptions {
  const { pages = 16, watermark, overwritable = false } = options;
  if (watermark !== undefined) checkUnits(watermark);
  return { pages, watermark, overwritable };
}

function checkUnits({ bytes, events }: Watermark): void {
  if ((bytes === undefined) !== (events === undefined)) return;
  throw new TypeError("The option watermark of a perf event array must be either { bytes } or { events }");
}
