import { Attribute } from "./constants.ts";
import type { Entry, Located } from "./entry.ts";
import { ValueClass, type FormValue } from "./read-form.ts";
import { addressAt, type CodeAddress, type DebugSections } from "./sections.ts";
import { indexedAddress, indexedList, indexedText } from "./unit.ts";

/** Keeps an attribute that matters here, looked up in the unit's tables; others are passed over. */
export function setAttribute(sections: DebugSections, entry: Entry, attribute: number, value: FormValue): void {
  switch (attribute) {
    case Attribute.NAME:
      return setName(sections, entry, value);
    case Attribute.TYPE:
      if (value.kind === ValueClass.REFERENCE) entry.type = value.value;
      return;
    case Attribute.ABSTRACT_ORIGIN:
    case Attribute.SPECIFICATION:
      if (value.kind === ValueClass.REFERENCE) entry.origin = value.value;
      return;
    case Attribute.BYTE_SIZE:
      entry.byteSize = constantOf(value);
      return;
    case Attribute.BIT_SIZE:
      entry.bitSize = constantOf(value);
      return;
    case Attribute.BIT_OFFSET:
      entry.bitOffset = constantOf(value);
      return;
    case Attribute.DATA_BIT_OFFSET:
      entry.dataBitOffset = constantOf(value);
      return;
    case Attribute.DATA_MEMBER_LOCATION:
      entry.memberOffset = constantOf(value);
      return;
    case Attribute.ENCODING:
      entry.encoding = constantOf(value);
      return;
    case Attribute.COUNT:
      entry.count = constantOf(value);
      return;
    case Attribute.UPPER_BOUND:
      // -1 is how GCC writes that an array has no length.
      if (value.kind === ValueClass.CONSTANT) entry.count = value.value === 0xffff_ffff ? 0 : value.value + 1;
      return;
    case Attribute.CONST_VALUE:
      if (value.kind === ValueClass.CONSTANT) entry.constant = value.value;
      return;
    case Attribute.DECL_FILE:
      entry.declFile = constantOf(value);
      return;
    case Attribute.DECLARATION:
      entry.isDeclaration = value.value !== 0;
      return;
    default:
      setPlace(sections, entry, attribute, value);
  }
}

function setPlace(sections: DebugSections, entry: Entry, attribute: number, value: FormValue): void {
  switch (attribute) {
    case Attribute.LOW_PC:
      entry.lowPc = addressOf(sections, entry, value) ?? -1;
      return;
    case Attribute.HIGH_PC: {
      const address = addressOf(sections, entry, value);
      entry.highIsDistance = address === undefined;
      entry.highPc = address ?? value.value;
      return;
    }
    case Attribute.RANGES:
      entry.ranges = listOf(sections, entry, "rnglists", value) ?? -1;
      return;
    case Attribute.LOCATION:
      entry.location = locatedOf(sections, entry, value);
      return;
    default:
  }
}

function setName(sections: DebugSections, entry: Entry, { kind, value }: FormValue): void {
  const isIndex = kind === ValueClass.TEXT_INDEX;
  entry.nameClass = isIndex ? ValueClass.TEXT : kind;
  entry.nameOffset = isIndex ? indexedText(sections, entry.unit, value) : value;
}

function constantOf({ kind, value }: FormValue): number {
  return kind === ValueClass.CONSTANT || kind === ValueClass.LIST ? value : -1;
}

function addressOf(sections: DebugSections, entry: Entry, { kind, value }: FormValue): CodeAddress | undefined {
  if (kind === ValueClass.ADDRESS) return addressAt(sections.info, value);
  return kind === ValueClass.ADDRESS_INDEX ? indexedAddress(sections, entry.unit, value) : undefined;
}

function listOf(
  sections: DebugSections,
  entry: Entry,
  which: "rnglists" | "loclists",
  { kind, value }: FormValue,
): number | undefined {
  if (kind === ValueClass.LIST) return value;
  return kind === ValueClass.LIST_INDEX ? indexedList(sections, entry.unit, which, value) : undefined;
}

function locatedOf(sections: DebugSections, entry: Entry, value: FormValue): Located | undefined {
  if (value.kind === ValueClass.BLOCK) return { offset: value.value, length: value.length };
  const list = listOf(sections, entry, "loclists", value);
  return list === undefined ? undefined : { offset: list, length: -1 };
}
