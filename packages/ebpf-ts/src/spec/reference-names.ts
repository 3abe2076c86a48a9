import type { Reference } from "./types.ts";

/** What the printer writes for the slots that refer to something by name. */
export function referenceNames(references: readonly Reference[]): Map<number, string> {
  return new Map(references.map((reference) => [reference.slot, nameOf(reference)]));
}

function nameOf(reference: Reference): string {
  switch (reference.kind) {
    case "map":
      return `map[${reference.map}]`;
    case "map-value":
      return `map[${reference.map}]+${reference.offset}`;
    case "call":
      return reference.function;
    case "function":
      return `&${reference.function}`;
    case "extern":
      return reference.name;
  }
}
