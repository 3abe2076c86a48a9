import { Dwarf } from "../../dwarf/index.ts";
import type { CollectionSpec } from "../types.ts";
import { DebugInfo } from "./debug-info.ts";

/** From now on the debug information of an object can be read. A spec that was made by hand has none. */
export function readDebug({ debug }: CollectionSpec): void {
  if (debug instanceof DebugInfo) debug.readBy((elf) => new Dwarf(elf));
}
