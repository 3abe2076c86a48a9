import { type Checks, checkOptions } from "../../base/check-options.ts";
import { aBoolean } from "../../base/checks.ts";

/** How values are read. */
export interface ReadOptions {
  /** Of a per-CPU map: the sum of all CPUs rather than an array; memberwise, where values are structs or arrays. Others are as they are. */
  readonly sum?: boolean | undefined;
}

/** Of a per-CPU map, one value rather than an array. */
export interface SumOptions extends ReadOptions {
  readonly sum: true;
}

const readChecks: Checks<ReadOptions> = { sum: aBoolean };

/** Checked only where there are some: reading is what one does most. */
export function isSum(options: ReadOptions | undefined, door: string): boolean {
  if (options === undefined) return false;
  checkOptions(options, readChecks, door);
  return options.sum === true;
}
