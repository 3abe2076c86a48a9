import { wrongKind } from "./checks.ts";

/** For what is no index of an array: of another kind than numbers, or outside. `array` names it: `map counters`. */
export function badIndex(index: unknown, length: number, array: string): TypeError | RangeError {
  if (typeof index !== "number") return wrongKind(`An index of ${array}`, "a whole number", index);
  return new RangeError(`There is no element ${index} of ${array}: it has ${length}`);
}
