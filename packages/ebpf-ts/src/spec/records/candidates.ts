import type { Btf } from "../../btf/types.ts";
import type { DwarfTypes } from "../../dwarf/index.ts";
import type { RecordCertainty, RecordOrigin } from "./found-record.ts";

/** A type that a record may have: in the object's BTF, by its id, or in its DWARF, by the offset of its entry. */
export interface Candidate {
  readonly table: "btf" | "dwarf";
  readonly type: number;
  readonly by: RecordOrigin;
  readonly certainty: RecordCertainty;
}

/** What can be asked of a type in either table. */
export interface TypeTable {
  sizeOf(type: number): number | undefined;
  isComposite(type: number): boolean;
  /** Whether it is more than a number: a struct, a union, or an array. */
  hasParts(type: number): boolean;
  /** Whether the second is the first member of the first, at any depth. */
  beginsWith(type: number, inner: number): boolean;
  isSame(a: number, b: number): boolean;
}

export function dwarfTable(types: DwarfTypes): TypeTable {
  return {
    sizeOf: (type) => types.sizeOf(type),
    isComposite: (type) => types.isComposite(type),
    hasParts: (type) => types.hasParts(type),
    beginsWith: (type, inner) => types.beginsWith(type, inner),
    isSame: (a, b) => a === b || types.resolve(a) === types.resolve(b),
  };
}

export function btfTable(btf: Btf, partsAt: (type: number, offset: number) => number[]): TypeTable {
  const isSame = (a: number, b: number): boolean => a === b || btf.resolve(a) === btf.resolve(b);
  return {
    sizeOf: (type) => btf.sizeOf(type),
    isComposite: (type) => /^(struct|union)$/.test(btf.resolve(type).kind),
    hasParts: (type) => /^(struct|union|array)$/.test(btf.resolve(type).kind),
    beginsWith: (type, inner) => partsAt(type, 0).some((part, index) => index > 0 && isSame(part, inner)),
    isSame,
  };
}
