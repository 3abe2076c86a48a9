import { badDwarf } from "./budget.ts";
import { Cursor } from "./cursor.ts";
import { addressAt, type CodeAddress, type DebugSections } from "./sections.ts";

/** A compilation unit: its header, and where its parts of other sections begin. */
export interface Unit {
  /** Offset of its header in `.debug_info`, which references within it count from. */
  readonly offset: number;
  /** Of the first entry. */
  readonly start: number;
  readonly end: number;
  readonly version: number;
  readonly abbreviations: number;
  /** Headers of version 5 are 8 bytes; the unit's own entry may say otherwise. */
  strOffsetsBase: number;
  addrBase: number;
  rnglistsBase: number;
  loclistsBase: number;
  /** What offsets in lists count from, where they do not say. */
  base: CodeAddress;
}

const unitTypes = { COMPILE: 1, PARTIAL: 3, SKELETON: 4 } as const;

/** Undefined for units of a kind that holds no code: those of types alone. Leaves the cursor at the end of the unit. */
export function readUnit(cursor: Cursor): Unit | undefined {
  const offset = cursor.at;
  const length = cursor.u32();
  if (length >= 0xffff_fff0) throw badDwarf("a unit is in the 64-bit format, which objects for eBPF do not have");
  const end = cursor.at + length;
  const version = cursor.u16();
  if (version < 2 || version > 5) throw badDwarf(`a unit has version ${version}, and 2 to 5 are known`);
  let abbreviations: number;
  let known = true;
  let addressSize: number;
  if (version === 5) {
    const type = cursor.u8();
    addressSize = cursor.u8();
    abbreviations = cursor.u32();
    known = type === unitTypes.COMPILE || type === unitTypes.PARTIAL;
  } else {
    abbreviations = cursor.u32();
    addressSize = cursor.u8();
  }
  if (addressSize !== 8) throw badDwarf(`a unit has addresses of ${addressSize} bytes, and those of eBPF have 8`);
  const start = cursor.at;
  if (end > cursor.end || end < start) throw badDwarf(".debug_info is truncated");
  cursor.at = end;
  if (!known) return undefined;
  const bases = { strOffsetsBase: 8, addrBase: 8, rnglistsBase: 12, loclistsBase: 12, base: 0 };
  return { offset, start, end, version, abbreviations, ...bases };
}

/** The address with a number in the unit's table. */
export function indexedAddress(sections: DebugSections, unit: Unit, index: number): CodeAddress {
  return addressAt(sections.addr, unit.addrBase + index * 8);
}

/** Offset in `.debug_str` of the text with a number in the unit's table. */
export function indexedText(sections: DebugSections, unit: Unit, index: number): number {
  const { name, data } = sections.str_offsets;
  return new Cursor(data, name, unit.strOffsetsBase + index * 4).u32();
}

/** Where the list with a number in the unit's table of ranges, or of locations, begins. */
export function indexedList(
  sections: DebugSections,
  unit: Unit,
  which: "rnglists" | "loclists",
  index: number,
): number {
  const base = which === "rnglists" ? unit.rnglistsBase : unit.loclistsBase;
  const { name, data } = sections[which];
  return base + new Cursor(data, name, base + index * 4).u32();
}
