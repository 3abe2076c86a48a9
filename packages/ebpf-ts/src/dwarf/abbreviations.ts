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
  /** Bytes of the values of such an entry; -1 where they differ from one to the other. */
  readonly size: number;
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
    if (attribute === 0 && form === 0) return { tag, hasChildren, attributes, forms, constants, size: sizeOf(forms) };
    attributes.push(attribute);
    forms.push(form);
    constants.push(constant);
  }
}

/** Bytes that values of a form take. Of forms that are not here it varies. */
const formSizes: ReadonlyMap<number, number> = new Map([
  ...[Form.IMPLICIT_CONST, Form.FLAG_PRESENT].map((form): [number, number] => [form, 0]),
  ...[Form.FLAG, Form.DATA1, Form.REF1, Form.STRX1, Form.ADDRX1].map((form): [number, number] => [form, 1]),
  ...[Form.DATA2, Form.REF2, Form.STRX2, Form.ADDRX2].map((form): [number, number] => [form, 2]),
  ...[Form.STRX3, Form.ADDRX3].map((form): [number, number] => [form, 3]),
  ...[Form.DATA4, Form.REF4, Form.SEC_OFFSET, Form.STRP].map((form): [number, number] => [form, 4]),
  ...[Form.LINE_STRP, Form.STRX4, Form.ADDRX4].map((form): [number, number] => [form, 4]),
  ...[Form.DATA8, Form.REF8, Form.REF_SIG8, Form.ADDR].map((form): [number, number] => [form, 8]),
  [Form.DATA16, 16],
]);

function sizeOf(forms: readonly number[]): number {
  let size = 0;
  for (const form of forms) {
    const own = formSizes.get(form);
    if (own === undefined) return -1;
    size += own;
  }
  return size;
}
