import { Abbreviations, type Abbreviation } from "./abbreviations.ts";
import { badDwarf } from "./budget.ts";
import { Attribute } from "./constants.ts";
import { Cursor } from "./cursor.ts";
import { Entry } from "./entry.ts";
import { readForm, ValueClass, type FormValue } from "./read-form.ts";
import type { DebugSections } from "./sections.ts";
import { setAttribute } from "./set-attribute.ts";
import { readUnit, type Unit } from "./unit.ts";

/** No compiler nests blocks deeper, and what walks the tree calls itself. */
const deepest = 500;

/**
 * The entries of an object. All are found at once, and each is read when it is asked for: types of a kernel's header are tens of thousands,
 * and few of them are looked at. Throws `EbpfError` BAD_OBJECT when they are broken.
 */
export class Entries {
  readonly #sections: DebugSections;
  readonly #abbreviations: Abbreviations;
  readonly #cursor: Cursor;
  readonly #value: FormValue = { kind: ValueClass.NONE, value: 0, length: 0 };
  /** Of each entry, in their order: where it is, its shape, its unit, and the number of the first that does not lie in it. */
  readonly #offsets: number[] = [];
  readonly #shapes: Abbreviation[] = [];
  readonly #units: Unit[] = [];
  readonly #ends: number[] = [];
  readonly #known = new Map<number, Entry>();

  constructor(sections: DebugSections) {
    const { info } = sections;
    this.#sections = sections;
    this.#abbreviations = new Abbreviations(sections);
    this.#cursor = new Cursor(info.data, info.name);
    const cursor = new Cursor(info.data, info.name);
    while (cursor.at < info.data.length) {
      const unit = readUnit(cursor);
      if (unit !== undefined) this.#index(unit);
    }
  }

  /** The entry that begins at an offset of `.debug_info`. */
  at(offset: number): Entry | undefined {
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#offsets[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return this.#offsets[low] === offset ? this.#entry(low) : undefined;
  }

  /** All entries with one of the tags. */
  *withTags(tags: ReadonlySet<number>): Generator<Entry> {
    for (let index = 0; index < this.#shapes.length; index++) {
      if (tags.has(this.#shapes[index]!.tag)) yield this.#entry(index);
    }
  }

  childrenOf(index: number): Entry[] {
    const children: Entry[] = [];
    const end = this.#ends[index]!;
    for (let child = index + 1; child < end; child = this.#ends[child]!) children.push(this.#entry(child));
    return children;
  }

  #index(unit: Unit): void {
    const { info, budget } = this.#sections;
    const table = this.#abbreviations.at(unit.abbreviations);
    const cursor = new Cursor(info.data, info.name, unit.start, unit.end);
    const first = this.#offsets.length;
    const parents: number[] = [];
    while (cursor.at < unit.end) {
      const { at } = cursor;
      budget.spend(1);
      const code = cursor.uleb();
      if (code === 0) {
        const parent = parents.pop();
        if (parent !== undefined) this.#ends[parent] = this.#offsets.length;
        continue;
      }
      const shape = table.get(code);
      if (shape === undefined) throw badDwarf(`an entry has abbreviation ${code}, which does not exist`);
      const index = this.#offsets.length;
      this.#offsets.push(at);
      this.#shapes.push(shape);
      this.#units.push(unit);
      this.#ends.push(index + 1);
      this.#pass(unit, shape, cursor);
      if (!shape.hasChildren) continue;
      if (parents.length >= deepest) throw badDwarf(`its entries are nested more than ${deepest} deep`);
      parents.push(index);
    }
    for (const parent of parents) this.#ends[parent] = this.#offsets.length;
    if (first === this.#offsets.length) return;
    this.#readBases(unit, first);
    // Where the unit's lists count from.
    const { lowPc } = this.#entry(first);
    if (lowPc >= 0) unit.base = lowPc;
  }

  /** To the next entry. */
  #pass(unit: Unit, { size, forms }: Abbreviation, cursor: Cursor): void {
    if (size >= 0) return cursor.skip(size);
    this.#sections.budget.spend(forms.length);
    for (const form of forms) readForm(unit, cursor, form, 0, this.#value);
  }

  #entry(index: number): Entry {
    const known = this.#known.get(index);
    if (known !== undefined) return known;
    const unit = this.#units[index]!;
    const entry = new Entry(this, index, this.#offsets[index]!, this.#shapes[index]!.tag, unit);
    this.#known.set(index, entry);
    this.#eachAttribute(index, (attribute, value) => setAttribute(this.#sections, entry, attribute, value));
    return entry;
  }

  #eachAttribute(index: number, visit: (attribute: number, value: FormValue) => void): void {
    const { attributes, forms, constants } = this.#shapes[index]!;
    const cursor = this.#cursor;
    this.#sections.budget.spend(1 + forms.length);
    cursor.at = this.#offsets[index]!;
    cursor.uleb();
    for (let each = 0; each < forms.length; each++) {
      readForm(this.#units[index]!, cursor, forms[each]!, constants[each]!, this.#value);
      visit(attributes[each]!, this.#value);
    }
  }

  /** The unit's own entry says where its tables begin, and has used them before it does. */
  #readBases(unit: Unit, index: number): void {
    this.#eachAttribute(index, (attribute, { value }) => {
      switch (attribute) {
        case Attribute.STR_OFFSETS_BASE:
          unit.strOffsetsBase = value;
          break;
        case Attribute.ADDR_BASE:
          unit.addrBase = value;
          break;
        case Attribute.RNGLISTS_BASE:
          unit.rnglistsBase = value;
          break;
        case Attribute.LOCLISTS_BASE:
          unit.loclistsBase = value;
          break;
        default:
      }
    });
  }
}
