import { badDwarf } from "./budget.ts";
import { Form } from "./constants.ts";
import type { Cursor } from "./cursor.ts";
import type { Unit } from "./unit.ts";

/** What kind of thing a value is: numbers alone do not tell. Nothing has been looked up yet. */
export const ValueClass = {
  NONE: 0,
  CONSTANT: 1,
  /** Offset in `.debug_info` of an address; number of one in the unit's table. */
  ADDRESS: 2,
  ADDRESS_INDEX: 3,
  /** Offset of an entry in `.debug_info`. */
  REFERENCE: 4,
  /** Offset of a text in `.debug_str`, in `.debug_line_str`, in `.debug_info`; number of one in the unit's table. */
  TEXT: 5,
  LINE_TEXT: 6,
  INLINE_TEXT: 7,
  TEXT_INDEX: 8,
  /** Offset of bytes in `.debug_info`, and their length. */
  BLOCK: 9,
  /** Offset of a list, in the section that the attribute says; number of one in the unit's table. */
  LIST: 10,
  LIST_INDEX: 11,
} as const;

/** The value that was read last. One for all, since tens of thousands are read. */
export interface FormValue {
  kind: number;
  value: number;
  /** Of a block. */
  length: number;
}

/** Reads the value of an attribute, and sets `into`. Of what cannot be told (texts of another file) the class is NONE. */
export function readForm(unit: Unit, cursor: Cursor, form: number, constant: number, into: FormValue): void {
  switch (form) {
    case Form.IMPLICIT_CONST:
      return set(into, ValueClass.CONSTANT, constant);
    case Form.FLAG_PRESENT:
      return set(into, ValueClass.CONSTANT, 1);
    case Form.FLAG:
    case Form.DATA1:
      return set(into, ValueClass.CONSTANT, cursor.u8());
    case Form.DATA2:
      return set(into, ValueClass.CONSTANT, cursor.u16());
    case Form.DATA4:
      return set(into, unit.version < 4 ? ValueClass.LIST : ValueClass.CONSTANT, cursor.u32());
    case Form.DATA8:
      return set(into, ValueClass.CONSTANT, Number(cursor.i64()));
    case Form.UDATA:
      return set(into, ValueClass.CONSTANT, cursor.uleb());
    case Form.SDATA:
      return set(into, ValueClass.CONSTANT, cursor.sleb());
    case Form.REF1:
      return set(into, ValueClass.REFERENCE, unit.offset + cursor.u8());
    case Form.REF2:
      return set(into, ValueClass.REFERENCE, unit.offset + cursor.u16());
    case Form.REF4:
      return set(into, ValueClass.REFERENCE, unit.offset + cursor.u32());
    case Form.REF8:
      return set(into, ValueClass.REFERENCE, unit.offset + cursor.u64());
    case Form.REF_UDATA:
      return set(into, ValueClass.REFERENCE, unit.offset + cursor.uleb());
    case Form.REF_ADDR:
      return set(into, ValueClass.REFERENCE, unit.version < 3 ? cursor.u64() : cursor.u32());
    case Form.SEC_OFFSET:
      return set(into, ValueClass.LIST, cursor.u32());
    case Form.ADDR:
      set(into, ValueClass.ADDRESS, cursor.at);
      return cursor.skip(8);
    case Form.ADDRX:
      return set(into, ValueClass.ADDRESS_INDEX, cursor.uleb());
    case Form.ADDRX1:
      return set(into, ValueClass.ADDRESS_INDEX, cursor.u8());
    case Form.ADDRX2:
      return set(into, ValueClass.ADDRESS_INDEX, cursor.u16());
    case Form.ADDRX3:
      return set(into, ValueClass.ADDRESS_INDEX, cursor.u24());
    case Form.ADDRX4:
      return set(into, ValueClass.ADDRESS_INDEX, cursor.u32());
    case Form.LOCLISTX:
    case Form.RNGLISTX:
      return set(into, ValueClass.LIST_INDEX, cursor.uleb());
    default:
      readTextOrBlock(unit, cursor, form, into);
  }
}

function readTextOrBlock(unit: Unit, cursor: Cursor, form: number, into: FormValue): void {
  switch (form) {
    case Form.STRP:
      return set(into, ValueClass.TEXT, cursor.u32());
    case Form.LINE_STRP:
      return set(into, ValueClass.LINE_TEXT, cursor.u32());
    case Form.STRX:
      return set(into, ValueClass.TEXT_INDEX, cursor.uleb());
    case Form.STRX1:
      return set(into, ValueClass.TEXT_INDEX, cursor.u8());
    case Form.STRX2:
      return set(into, ValueClass.TEXT_INDEX, cursor.u16());
    case Form.STRX3:
      return set(into, ValueClass.TEXT_INDEX, cursor.u24());
    case Form.STRX4:
      return set(into, ValueClass.TEXT_INDEX, cursor.u32());
    case Form.STRING:
      set(into, ValueClass.INLINE_TEXT, cursor.at);
      return cursor.skipText();
    case Form.EXPRLOC:
    case Form.BLOCK:
      return setBlock(into, cursor, cursor.uleb());
    case Form.BLOCK1:
      return setBlock(into, cursor, cursor.u8());
    case Form.BLOCK2:
      return setBlock(into, cursor, cursor.u16());
    case Form.BLOCK4:
      return setBlock(into, cursor, cursor.u32());
    case Form.DATA16:
      return skip(into, cursor, 16);
    case Form.REF_SIG8:
    case Form.REF_SUP8:
      return skip(into, cursor, 8);
    case Form.REF_SUP4:
    case Form.STRP_SUP:
      return skip(into, cursor, 4);
    case Form.INDIRECT: {
      const actual = cursor.uleb();
      // One step is all that makes sense: a chain would be as deep as the file is long.
      if (actual === Form.INDIRECT || actual === Form.IMPLICIT_CONST) throw badDwarf("an indirect form is none");
      return readForm(unit, cursor, actual, 0, into);
    }
    default:
      throw badDwarf(`the form 0x${form.toString(16)} is not known`);
  }
}

function set(into: FormValue, kind: number, value: number): void {
  into.kind = kind;
  into.value = value;
}

function setBlock(into: FormValue, cursor: Cursor, length: number): void {
  into.length = length;
  set(into, ValueClass.BLOCK, cursor.at);
  cursor.skip(length);
}

function skip(into: FormValue, cursor: Cursor, length: number): void {
  set(into, ValueClass.NONE, 0);
  cursor.skip(length);
}
