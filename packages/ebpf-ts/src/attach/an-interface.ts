import { type Check, wrongKind } from "../base/checks.ts";

/** IFNAMSIZ is 16, with the NUL. */
const longestName = 15;
const largestIndex = 0x7fff_ffff;

/** A network interface: its name, or its index. */
export const anInterface: Check = (value, what) => {
  if (typeof value === "number" && Number.isInteger(value) && value > 0 && value <= largestIndex) return;
  if (typeof value === "string" && value.length <= longestName && /^[^/:\s\0]+$/.test(value)) return;
  throw wrongKind(what, `the name of an interface (${longestName} letters at most), or its index`, value);
};
