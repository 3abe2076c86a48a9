import { badDwarf } from "./budget.ts";
import { LocationEntry, RangeEntry } from "./constants.ts";
import { Cursor } from "./cursor.ts";
import type { Entry } from "./entry.ts";
import { evaluate, type Place } from "./expression.ts";
import { addressAt, type CodeAddress, type DebugSection, type DebugSections } from "./sections.ts";
import { indexedAddress } from "./unit.ts";

/** Code from one address up to another. */
export interface CodeRange {
  readonly from: CodeAddress;
  readonly to: CodeAddress;
}

/** Where a variable is while the code of the range runs. */
export interface LocationRange extends CodeRange {
  /** Undefined when that cannot be told. */
  readonly place: Place | undefined;
}

/** The code of a function, or of a block in it; empty where it has none of its own. */
export function rangesOf(sections: DebugSections, entry: Entry): CodeRange[] {
  if (entry.ranges >= 0) return entry.unit.version >= 5 ? newRanges(sections, entry) : oldRanges(sections, entry);
  if (entry.lowPc < 0 || entry.highPc < 0) return [];
  return [{ from: entry.lowPc, to: entry.highIsDistance ? entry.lowPc + entry.highPc : entry.highPc }];
}

/** Where a variable is, while its code runs; `scope` is where there is one place for all of it. */
export function locationsOf(sections: DebugSections, entry: Entry, scope: readonly CodeRange[]): LocationRange[] {
  const { location } = entry;
  if (location === undefined) return [];
  const { offset, length } = location;
  if (length >= 0) {
    const place = placeOf(sections, sections.info, offset, length);
    return scope.map(({ from, to }) => ({ from, to, place }));
  }
  return entry.unit.version >= 5 ? newLocations(sections, entry, offset) : oldLocations(sections, entry, offset);
}

function newRanges(sections: DebugSections, entry: Entry): CodeRange[] {
  const cursor = listCursor(sections.rnglists, entry.ranges);
  const { unit } = entry;
  const ranges: CodeRange[] = [];
  let { base } = unit;
  for (;;) {
    sections.budget.spend(1);
    const kind = cursor.u8();
    switch (kind) {
      case RangeEntry.END_OF_LIST:
        return ranges;
      case RangeEntry.BASE_ADDRESSX:
        base = indexedAddress(sections, unit, cursor.uleb());
        break;
      case RangeEntry.BASE_ADDRESS:
        base = readAddress(sections.rnglists, cursor);
        break;
      case RangeEntry.STARTX_ENDX: {
        const from = indexedAddress(sections, unit, cursor.uleb());
        ranges.push({ from, to: indexedAddress(sections, unit, cursor.uleb()) });
        break;
      }
      case RangeEntry.STARTX_LENGTH: {
        const from = indexedAddress(sections, unit, cursor.uleb());
        ranges.push({ from, to: from + cursor.uleb() });
        break;
      }
      case RangeEntry.OFFSET_PAIR: {
        const from = base + cursor.uleb();
        ranges.push({ from, to: base + cursor.uleb() });
        break;
      }
      case RangeEntry.START_END: {
        const from = readAddress(sections.rnglists, cursor);
        ranges.push({ from, to: readAddress(sections.rnglists, cursor) });
        break;
      }
      case RangeEntry.START_LENGTH: {
        const from = readAddress(sections.rnglists, cursor);
        ranges.push({ from, to: from + cursor.uleb() });
        break;
      }
      default:
        throw badDwarf(`a list of ranges has an entry of the kind ${kind}, which is not known`);
    }
  }
}

function newLocations(sections: DebugSections, { unit }: Entry, offset: number): LocationRange[] {
  const { loclists } = sections;
  const cursor = listCursor(loclists, offset);
  const found: LocationRange[] = [];
  let { base } = unit;
  for (;;) {
    sections.budget.spend(1);
    const kind = cursor.u8();
    let from = 0;
    let to = 0;
    switch (kind) {
      case LocationEntry.END_OF_LIST:
        return found;
      case LocationEntry.BASE_ADDRESSX:
        base = indexedAddress(sections, unit, cursor.uleb());
        continue;
      case LocationEntry.BASE_ADDRESS:
        base = readAddress(loclists, cursor);
        continue;
      case LocationEntry.STARTX_ENDX:
        from = indexedAddress(sections, unit, cursor.uleb());
        to = indexedAddress(sections, unit, cursor.uleb());
        break;
      case LocationEntry.STARTX_LENGTH:
        from = indexedAddress(sections, unit, cursor.uleb());
        to = from + cursor.uleb();
        break;
      case LocationEntry.OFFSET_PAIR:
        from = base + cursor.uleb();
        to = base + cursor.uleb();
        break;
      case LocationEntry.DEFAULT_LOCATION:
        to = Number.MAX_SAFE_INTEGER;
        break;
      case LocationEntry.START_END:
        from = readAddress(loclists, cursor);
        to = readAddress(loclists, cursor);
        break;
      case LocationEntry.START_LENGTH:
        from = readAddress(loclists, cursor);
        to = from + cursor.uleb();
        break;
      default:
        throw badDwarf(`a list of locations has an entry of the kind ${kind}, which is not known`);
    }
    found.push({ from, to, place: nextPlace(sections, loclists, cursor, cursor.uleb()) });
  }
}

/** Up to DWARF 4: pairs of addresses, from the unit's on; (-1, address) is another to count from, (0, 0) the end. */
function oldRanges(sections: DebugSections, entry: Entry): CodeRange[] {
  const cursor = listCursor(sections.ranges, entry.ranges);
  const found: CodeRange[] = [];
  for (const range of oldPairs(sections, sections.ranges, entry, cursor)) found.push(range);
  return found;
}

function oldLocations(sections: DebugSections, entry: Entry, offset: number): LocationRange[] {
  const cursor = listCursor(sections.loc, offset);
  const found: LocationRange[] = [];
  for (const range of oldPairs(sections, sections.loc, entry, cursor)) {
    found.push({ ...range, place: nextPlace(sections, sections.loc, cursor, cursor.u16()) });
  }
  return found;
}

function* oldPairs(
  sections: DebugSections,
  section: DebugSection,
  { unit }: Entry,
  cursor: Cursor,
): Generator<CodeRange> {
  let { base } = unit;
  for (;;) {
    sections.budget.spend(1);
    const { at } = cursor;
    const isBase = cursor.u32() === 0xffff_ffff && cursor.u32() === 0xffff_ffff;
    cursor.at = at;
    const from = readAddress(section, cursor);
    const to = readAddress(section, cursor);
    const isRelocated = section.addresses.has(at);
    if (isBase) base = to;
    else if (from === 0 && to === 0 && !isRelocated) return;
    else yield isRelocated ? { from, to } : { from: base + from, to: base + to };
  }
}

function listCursor(section: DebugSection, offset: number): Cursor {
  return new Cursor(section.data, section.name, offset);
}

function readAddress(section: DebugSection, cursor: Cursor): CodeAddress {
  const { at } = cursor;
  cursor.skip(8);
  return addressAt(section, at);
}

function nextPlace(sections: DebugSections, section: DebugSection, cursor: Cursor, length: number): Place | undefined {
  const from = cursor.at;
  cursor.skip(length);
  return placeOf(sections, section, from, length);
}

function placeOf(sections: DebugSections, section: DebugSection, offset: number, length: number): Place | undefined {
  sections.budget.spend(1 + (length >>> 3));
  return evaluate(new Cursor(section.data, section.name, offset, offset + length));
}
