import { checkMembers, list, type MemberChecks, membersOf, u32 } from "../../base/check-members.ts";
import { aBigInt, aBoolean, anObject, aString, integer, oneOf, wrongKind } from "../../base/checks.ts";
import type { BtfMember, NewBtfType } from "../types.ts";

const aKind = aString;
const linkage = oneOf("static", "global", "extern");
const reference = { kind: aKind, type: u32 };
const composite = {
  kind: aKind,
  name: aString,
  size: u32,
  members: list(membersOf<BtfMember>({ name: aString, type: u32, bitOffset: u32, bitSize: u32 })),
};
/** An enumerator of 32 bits, with a sign or without. */
const aValue = integer(-(2 ** 31), 2 ** 32 - 1);
const named = { kind: aKind, name: aString };

type OfKind<Kind, T = NewBtfType> = T extends { readonly kind: infer Kinds } ? (Kind extends Kinds ? T : never) : never;
type Checked = { readonly [Kind in NewBtfType["kind"]]: MemberChecks<OfKind<Kind>> };

const checks: Checked = {
  int: {
    ...named,
    size: u32,
    encoding: oneOf("unsigned", "signed", "char", "bool"),
    bits: u32,
    bitOffset: u32,
  },
  ptr: reference,
  const: reference,
  volatile: reference,
  restrict: reference,
  typedef: { ...reference, name: aString },
  type_tag: { ...reference, name: aString },
  array: { ...reference, indexType: u32, length: u32 },
  struct: composite,
  union: composite,
  enum: {
    ...named,
    size: u32,
    signed: aBoolean,
    values: list(membersOf<{ name: string; value: number }>({ name: aString, value: aValue })),
  },
  enum64: {
    ...named,
    size: u32,
    signed: aBoolean,
    values: list(membersOf<{ name: string; value: bigint }>({ name: aString, value: aBigInt })),
  },
  fwd: { ...named, of: oneOf("struct", "union") },
  func: { ...reference, name: aString, linkage },
  func_proto: {
    kind: aKind,
    returnType: u32,
    parameters: list(membersOf<{ name: string; type: number }>({ name: aString, type: u32 })),
  },
  var: { ...reference, name: aString, linkage },
  datasec: {
    ...named,
    size: u32,
    variables: list(membersOf<{ type: number; offset: number; size: number }>({ type: u32, offset: u32, size: u32 })),
  },
  float: { ...named, size: u32 },
  decl_tag: { ...reference, name: aString, componentIndex: integer(-1, 2 ** 31 - 1) },
};

/** Throws a TypeError or RangeError that names the member which is wrong. */
export function checkNewType(type: NewBtfType): void {
  anObject(type, "A type to add to BTF");
  if (!Object.hasOwn(checks, type.kind))
    throw wrongKind("The kind of a type to add to BTF", "one that is known", type.kind);
  checkMembers(type, checks[type.kind] as MemberChecks<unknown>, `The ${type.kind} to add to BTF`);
}
