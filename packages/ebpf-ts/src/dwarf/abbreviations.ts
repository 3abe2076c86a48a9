import { badDwarf } from "./budget.ts";
import { Form } from "./constants.ts";
import { Cursor } from "./cursor.ts";
import type { DebugSections } from "./sections.ts";

/** The shape that entries with one code have: attributes and forms, in turn, with the value of those whose form holds it. */
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly number[];
  readonly forms: readonly number[];
  readonly constants: readonly number[];
}

/** Tables of abbreviations, by their offset: units may share one. */
export class Abbreviations {
  readonly #sections: DebugSections;
  readonly #tables = new Map<number, ReadonlyMap<number, Abbreviation>>();

  constructor(sections: DebugSections) {
    this.#sections = sections;
  }

  at(offset: number): ReadonlyMap<number, Abbreviation> {
    const known = this.#tables.get(offset) ?? this.#read(offset);
    this.#tables.set(offset, known);
    return known;
  }

  #read(offset: number): ReadonlyMap<number, Abbreviation> {
    const { abbrev, budget } = this.#sections;
    const cursor = new Cursor(abbrev.data, abbrev.name, offset);
    const table = new Map<number, Abbreviation>();
    for (let code = cursor.uleb(); code !== 0; code = cursor.uleb()) {
      const before = cursor.at;
      if (table.has(code)) throw badDwarf(`${abbrev.name} has abbreviation ${code} twice`);
      table.set(code, readAbbreviation(cursor));
      budget.spend(cursor.at - before);
    }
    return table;
  }
}

function readAbbreviation(cursor: Cursor): Abbreviation {
  const tag = cursor.uleb();
  const hasChildren = cursor.u8() !== 0;
  const attributes: number[] = [];
  const forms: number[] = [];
  const constants: number[] = [];
  for (;;) {
    const attribute = cursor.uleb();
    const form = cursor.uleb();
    const constant = form === Form.IMPLICIT_CONST ? cursor.sleb() : 0;
    if (attribute === 0 && form === 0) return { tag, hasChildren, attributes, forms, constants };
    attributes.push(attribute);
    forms.push(form);
    constants.push(constant);
  }
}
