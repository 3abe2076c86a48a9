import { HelperId } from "./uapi.gen.ts";

const names: ReadonlyMap<number, string> = new Map(Object.entries(HelperId).map(([name, id]) => [id, name]));

/** The kernel's name of a helper, such as `map_lookup_elem` for 1. */
export function helperName(id: number): string | undefined {
  return names.get(id);
}
