export type { Budget } from "./budget.ts";
export { BtfMaker } from "./btf-maker.ts";
export { Dwarf } from "./dwarf.ts";
export type { DwarfVariable } from "./dwarf.ts";
export type { Place } from "./expression.ts";
export { DwarfTypes } from "./types.ts";
