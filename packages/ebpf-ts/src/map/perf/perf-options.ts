import type { PerfOptions } from "../../engine/perf.ts";
import { checkOptions } from "../../base/check-options.ts";

export interface PerfRingOptions {
  /** Pages of memory of each CPU's ring, a power of two; 16 by default. */
  readonly pages?: number | undefined;
  /** Wakes the loop only after so many bytes or events; {@link PerfEventArray.drain} reads what is there at any time. */
  readonly watermark?: { readonly bytes: number } | { readonly events: number } | undefined;
  /** New events overwrite old ones (`write_backward`, Linux 4.7): read with {@link PerfEventArray.snapshot}. */
  readonly overwritable?: boolean | undefined;
}

const names: ReadonlySet<string> = new Set(["type", "pages", "watermark", "overwritable"]);
const units: ReadonlySet<string> = new Set(["bytes", "events"]);
/** 1 GiB of usual pages. */
const mostPages = 2 ** 18;
const mostUnits = 0xffff_ffff;

/** Checks what a user gave, and fills in the defaults. */
export function perfOptions(options: PerfRingOptions): PerfOptions {
  checkOptions(options, names, "perfEventArray()");
  const { pages = 16, watermark, overwritable = false } = options;
  if (!Number.isInteger(pages) || pages < 1 || pages > mostPages || (pages & (pages - 1)) !== 0) {
    throw new RangeError(`pages must be a power of two from 1 to ${mostPages}, not ${pages}`);
  }
  if (typeof overwritable !== "boolean") {
    throw new TypeError(`overwritable must be true or false, not ${String(overwritable)}`);
  }
  if (watermark !== undefined) checkWatermark(watermark);
  return { pages, watermark, overwritable };
}

function checkWatermark(watermark: { readonly bytes?: number; readonly events?: number }): void {
  checkOptions(watermark, units, "watermark");
  const { bytes, events } = watermark;
  const count = bytes ?? events;
  if (
    (bytes === undefined) === (events === undefined) ||
    !Number.isInteger(count) ||
    count! < 1 ||
    count! > mostUnits
  ) {
    throw new RangeError(`watermark must be { bytes } or { events }, from 1 to ${mostUnits}`);
  }
}
