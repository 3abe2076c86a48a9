import type { Abbreviation } from "./abbreviations.ts";
import { Abbreviations } from "./abbreviations.ts";
import { badDwarf } from "./budget.ts";
import { Attribute, Tag } from "./constants.ts";
import { Cursor } from "./cursor.ts";
import { Entry } from "./entry.ts";
import { readForm, ValueClass, type FormValue } from "./read-form.ts";
import type { DebugSections } from "./sections.ts";
import { setAttribute } from "./set-attribute.ts";
import { readUnit, type Unit } from "./unit.ts";

/** All entries, by their offset, and those of the units. */
export interface Entries {
  readonly units: readonly Entry[];
  readonly all: ReadonlyMap<number, Entry>;
}

/** No compiler nests blocks deeper, and what walks the tree calls itself. */
const deepest = 500;

/** Throws `EbpfError` BAD_OBJECT when they are broken. */
export function readEntries(sections: DebugSections): Entries {
  const { info } = sections;
  const reader = new EntryReader(sections);
  const cursor = new Cursor(info.data, info.name);
  while (cursor.at < info.data.length) {
    const unit = readUnit(cursor);
    if (unit !== undefined) reader.read(unit);
  }
  return reader;
}

class EntryReader implements Entries {
  readonly units: Entry[] = [];
  readonly all = new Map<number, Entry>();
  readonly #sections: DebugSections;
  readonly #abbreviations: Abbreviations;
  readonly #value: FormValue = { kind: ValueClass.NONE, value: 0, length: 0 };

  constructor(sections: DebugSections) {
    this.#sections = sections;
    this.#abbreviations = new Abbreviations(sections);
  }

  read(unit: Unit): void {
    const { info, budget } = this.#sections;
    const table = this.#abbreviations.at(unit.abbreviations);
    const cursor = new Cursor(info.data, info.name, unit.start, unit.end);
    this.#readBases(unit, cursor, table);
    const parents: (Entry | undefined)[] = [];
    let parent: Entry | undefined;
    while (cursor.at < unit.end) {
      const { at } = cursor;
      const code = cursor.uleb();
      if (code === 0) {
        budget.spend(1);
        if (parents.length > 0) parent = parents.pop();
        continue;
      }
      const shape = table.get(code);
      if (shape === undefined) throw badDwarf(`an entry has abbreviation ${code}, which does not exist`);
      budget.spend(1 + shape.forms.length);
      const entry = new Entry(at, shape.tag, unit, parent);
      this.#readAttributes(entry, shape, cursor);
      this.#add(entry);
      if (!shape.hasChildren) continue;
      if (parents.length >= deepest) throw badDwarf(`its entries are nested more than ${deepest} deep`);
      parents.push(parent);
      parent = entry;
    }
  }

  #add(entry: Entry): void {
    if (entry.parent === undefined) this.units.push(entry);
    if (entry.tag === Tag.CALL_SITE || entry.tag === Tag.CALL_SITE_PARAMETER) return;
    entry.parent?.children.push(entry);
    this.all.set(entry.offset, entry);
  }

  /** The unit's own entry says where its tables begin, and has used them before it does. */
  #readBases(unit: Unit, cursor: Cursor, table: ReadonlyMap<number, Abbreviation>): void {
    if (cursor.at === unit.end) return;
    const shape = table.get(cursor.uleb());
    const value = this.#value;
    shape?.forms.forEach((form, index) => {
      readForm(unit, cursor, form, shape.constants[index]!, value);
      switch (shape.attributes[index]) {
        case Attribute.STR_OFFSETS_BASE:
          unit.strOffsetsBase = value.value;
          break;
        case Attribute.ADDR_BASE:
          unit.addrBase = value.value;
          break;
        case Attribute.RNGLISTS_BASE:
          unit.rnglistsBase = value.value;
          break;
        case Attribute.LOCLISTS_BASE:
          unit.loclistsBase = value.value;
          break;
        default:
      }
    });
    cursor.at = unit.start;
  }

  #readAttributes(entry: Entry, shape: Abbreviation, cursor: Cursor): void {
    const { unit } = entry;
    const value = this.#value;
    const { attributes, forms, constants } = shape;
    for (let index = 0; index < forms.length; index++) {
      readForm(unit, cursor, forms[index]!, constants[index]!, value);
      setAttribute(this.#sections, entry, attributes[index]!, value);
    }
    // Where the unit's lists count from.
    if (entry.parent === undefined && entry.lowPc >= 0) unit.base = entry.lowPc;
  }
}
