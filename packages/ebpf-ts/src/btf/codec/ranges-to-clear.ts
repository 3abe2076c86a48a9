import { isOpen } from "./plan.ts";
import type { FieldPlan, StructPlan } from "./plan.ts";

/** Bytes of a value, relative to its begin. */
export interface ByteRange {
  readonly at: number;
  readonly size: number;
}

/**
 * What is cleared before the members of a struct are written one by one. Members that fill their bytes whenever they are given
 * ({@link fillsItsBytes}) are not in it, so that a struct of integers is written once; those that are left out are cleared then. Undefined
 * where members overlap, or where its length depends on the value: there everything is cleared first.
 */
export function rangesToClear(plan: StructPlan): readonly ByteRange[] | undefined {
  if (isOpen(plan)) return undefined;
  const fields = plan.fields.toSorted((a, b) => a.offset - b.offset);
  const ranges: ByteRange[] = [];
  let end = 0;
  let filled = 0;
  for (const field of fields) {
    if (field.offset < end) return undefined;
    end = field.offset + field.plan.size;
    if (!fillsItsBytes(field)) continue;
    if (field.offset > filled) ranges.push({ at: filled, size: field.offset - filled });
    filled = end;
  }
  if (plan.size > filled) ranges.push({ at: filled, size: plan.size - filled });
  return ranges;
}

/** Whether all bytes of a member are written when it is given. Bitfields share theirs; texts, arrays and structs may have less. */
export function fillsItsBytes({ plan }: FieldPlan): boolean {
  const { op } = plan.op === "enum" ? plan.of : plan;
  return op === "int" || op === "big" || op === "bool" || op === "float";
}
