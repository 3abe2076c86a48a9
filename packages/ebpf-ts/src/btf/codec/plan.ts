/**
 * How the bytes of one type become a value, and back: what generated code and closures are both made from, so that
 * the two agree. Typedefs and qualifiers are gone, anonymous members are flattened into their parent.
 */
export type Plan = ScalarPlan | EnumPlan | TextPlan | BytesPlan | ArrayPlan | StructPlan;

export type ScalarPlan =
  | { readonly op: "int"; readonly size: 1 | 2 | 4; readonly signed: boolean }
  | { readonly op: "big"; readonly size: 8 | 16; readonly signed: boolean }
  | { readonly op: "bool"; readonly size: number }
  | { readonly op: "float"; readonly size: 4 | 8 }
  | BitsPlan;

/** A bitfield: `width` bits, `shift` (0..7) bits above its first byte. A number up to 32 bits, a bigint above. */
export interface BitsPlan {
  readonly op: "bits";
  readonly size: number;
  readonly shift: number;
  readonly width: number;
  readonly signed: boolean;
  readonly bool: boolean;
}

export interface EnumPlan {
  readonly op: "enum";
  /** Of the type that it was made from. */
  readonly id: number;
  readonly size: number;
  readonly of: ScalarPlan;
  readonly names: ReadonlyMap<unknown, string>;
  readonly values: ReadonlyMap<string, number | bigint>;
}

/** `tail`: a flexible array at the end of a record, which is as long as the record says. */
export interface TextPlan {
  readonly op: "text";
  readonly size: number;
  readonly tail: boolean;
}
export interface BytesPlan {
  readonly op: "bytes";
  readonly size: number;
  readonly tail: boolean;
}
export interface ArrayPlan {
  readonly op: "array";
  readonly size: number;
  readonly tail: boolean;
  readonly length: number;
  readonly stride: number;
  readonly element: Plan;
}

export interface StructPlan {
  readonly op: "struct";
  /** Of the type that it was made from. */
  readonly id: number;
  /** For errors. */
  readonly name: string;
  readonly size: number;
  readonly fields: readonly FieldPlan[];
  /** Whether a flexible array stands at its end, directly or in a nested struct. */
  readonly tail: boolean;
}

export interface FieldPlan {
  readonly name: string;
  /** Id of its type, as it was declared. */
  readonly type: number;
  readonly offset: number;
  readonly plan: Plan;
}

/** Whether the type's length depends on the record. */
export function isOpen(plan: Plan): boolean {
  return "tail" in plan && plan.tail;
}

/** Names that every object has: reading them needs to ask whether they are its own. */
export function isInherited(name: string): boolean {
  return name in Object.prototype;
}
