import type { Btf, BtfComposite, BtfType } from "../types.ts";
import { describeAccess } from "./field-access.ts";
import type { FieldAccess } from "./field-access.ts";
import type { CoreKind } from "./relocation-kind.ts";
import { RelocationProblem } from "./relocation-problem.ts";

/** What one side says about a field. `undefined` as a whole: the side does not have it, and the instruction is poisoned. */
export interface FieldValue {
  readonly value: number;
  /** For byte offsets of whole fields: size of what a load reads, and resolved type, to adjust its width. */
  readonly size: number;
  readonly type: BtfType | undefined;
  /** Whether the compiler is sure to have written the same value: not for bitfields, which may be loaded in several ways. */
  readonly certain: boolean;
}

/** The value of a field relocation on one side. */
export function fieldValue(kind: CoreKind, access: FieldAccess | undefined): FieldValue | undefined {
  if (kind === "field_exists") return { value: access === undefined ? 0 : 1, size: 0, type: undefined, certain: true };
  if (access === undefined) return undefined;
  const last = access.steps.at(-1)!;
  return last.name === undefined
    ? elementValue(kind, access, last.type)
    : memberValue(kind, access, access.btf.type(last.type) as BtfComposite, last.index);
}

function elementValue(kind: CoreKind, access: FieldAccess, type: number): FieldValue {
  const own = access.btf.type(type);
  if (kind === "field_byte_offset")
    return { value: access.bitOffset / 8, size: sizeOfElement(access.btf, own), type: own, certain: true };
  if (kind === "field_byte_size") return { value: access.btf.sizeOf(type), size: 0, type: undefined, certain: true };
  throw new RelocationProblem(`${kind} asks for an element of an array, ${describeAccess(access)}`);
}

function memberValue(kind: CoreKind, access: FieldAccess, parent: BtfComposite, index: number): FieldValue {
  const member = parent.members[index]!;
  const type = access.btf.resolve(member.type);
  const bitfield = member.bitSize > 0;
  const place = bitfield ? loadOf(access, member.bitSize) : wholeField(access, type);
  const bits = bitfield ? member.bitSize : place.size * 8;
  switch (kind) {
    case "field_byte_offset":
      return {
        value: place.offset,
        size: bitfield ? 0 : sizeOfElement(access.btf, type),
        type: bitfield ? undefined : type,
        certain: !bitfield,
      };
    case "field_byte_size":
      return { value: place.size, size: 0, type: undefined, certain: !bitfield };
    case "field_signed":
      return { value: isSigned(type) ? 1 : 0, size: 0, type: undefined, certain: true };
    case "field_lshift_u64":
      return { value: 64 - (access.bitOffset + bits - place.offset * 8), size: 0, type: undefined, certain: !bitfield };
    default:
      return { value: 64 - bits, size: 0, type: undefined, certain: true };
  }
}

/** A load reads one element, also of arrays of arrays: their lengths may differ. The type was measured before, so that it ends. */
function sizeOfElement(btf: Btf, type: BtfType): number {
  let element = type;
  while (element.kind === "array") element = btf.resolve(element.type);
  return btf.sizeOf(element.id);
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

function wholeField(access: FieldAccess, type: BtfType): Place {
  return { offset: Math.floor(access.bitOffset / 8), size: access.btf.sizeOf(type.id) };
}

/** The smallest aligned word, beginning with the declared one, which holds all bits. */
function loadOf(access: FieldAccess, width: number): Place {
  const declared = sizeOfBitfield(access);
  for (let size = declared; size <= 8; size *= 2) {
    const offset = Math.floor(access.bitOffset / 8 / size) * size;
    if (access.bitOffset + width - offset * 8 <= size * 8) return { offset, size };
  }
  throw new RelocationProblem(`no load of 64 bits holds all of the bitfield ${describeAccess(access)}`);
}

function sizeOfBitfield(access: FieldAccess): number {
  const last = access.steps.at(-1)!;
  const type = access.btf.resolve((access.btf.type(last.type) as BtfComposite).members[last.index]!.type);
  const size = type.kind === "int" || type.kind === "enum" || type.kind === "enum64" ? type.size : 0;
  if (size === 0) throw new RelocationProblem(`${describeAccess(access)} is a bitfield, but no integer`);
  return size;
}

function isSigned(type: BtfType): boolean {
  return (
    (type.kind === "int" && type.encoding === "signed") ||
    ((type.kind === "enum" || type.kind === "enum64") && type.signed)
  );
}

/** The value of a relocation that asks for a whole type; 0 when the target lacks it. */
export function typeValue(kind: CoreKind, btf: Btf, id: number | undefined): number {
  if (id === undefined) return 0;
  if (kind === "type_size") return btf.sizeOf(id);
  return kind === "type_id_target" ? id : 1;
}
