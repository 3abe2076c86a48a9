/** What it takes to keep events from programs: imported where a filter, or a command, says whose they are to be. */
export { CommandGroup } from "./command-group.ts";
export { filterConditions } from "./filter-conditions.ts";
export { prologue } from "./prologue.ts";
