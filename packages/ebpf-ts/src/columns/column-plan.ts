import { EbpfError } from "../base/errors.ts";
import type { Plan, ScalarPlan, StructPlan } from "../btf/codec/plan.ts";

/** A member that becomes a column, and where it stands in a record. */
export interface ColumnPlan {
  readonly name: string;
  readonly offset: number;
  readonly item: ColumnItem;
  /** Items of a row, and how many bytes apart. */
  readonly count: number;
  readonly stride: number;
}

/** What one row has, or each element of its array. Texts have one a row. */
export type ColumnItem = ScalarPlan | { readonly op: "text"; readonly size: number };

/** The columns of those members; without names, of all that can be one. `record` is for errors. */
export function planColumns(plan: Plan, names: readonly string[] | undefined, record: string): ColumnPlan[] {
  if (plan.op !== "struct") throw unfit(record, `they are of no struct`);
  if (names === undefined) return allColumns(plan, 0, "");
  return names.map((name) => {
    const { offset, plan: member } = findMember(plan, name, record);
    const column = columnOf(name, offset, member);
    if (column !== undefined) return column;
    const why = member.op === "struct" ? "is a struct: name a member of it" : "has no column: leave it out";
    throw unfit(record, `their member ${name} ${why}`);
  });
}

/** Of structs in it too, by their paths. */
function allColumns({ fields }: StructPlan, offset: number, path: string): ColumnPlan[] {
  return fields.flatMap((field) => {
    const name = path + field.name;
    const at = offset + field.offset;
    if (field.plan.op === "struct") return allColumns(field.plan, at, `${name}.`);
    return columnOf(name, at, field.plan) ?? [];
  });
}

function columnOf(name: string, offset: number, plan: Plan): ColumnPlan | undefined {
  switch (plan.op) {
    case "text":
      return plan.tail
        ? undefined
        : { name, offset, item: { op: "text", size: plan.size }, count: 1, stride: plan.size };
    case "bytes":
      if (plan.tail) return undefined;
      return { name, offset, item: { op: "int", size: 1, signed: false }, count: plan.size, stride: 1 };
    case "array": {
      const element = plan.tail ? undefined : columnOf(name, offset, plan.element);
      if (element === undefined || element.item.op === "text") return undefined;
      // Arrays of arrays lie side by side as one.
      const dense = element.count === 1 || element.stride * element.count === plan.stride;
      if (!dense) return undefined;
      const stride = element.count === 1 ? plan.stride : element.stride;
      return { ...element, count: element.count * plan.length, stride };
    }
    case "enum":
      return columnOf(name, offset, plan.of);
    case "struct":
      return undefined;
    case "big":
      return plan.size === 8 ? { name, offset, item: plan, count: 1, stride: 8 } : undefined;
    default:
      return { name, offset, item: plan, count: 1, stride: plan.size };
  }
}

function findMember(plan: StructPlan, path: string, record: string): { offset: number; plan: Plan } {
  let found: { offset: number; plan: Plan } = { offset: 0, plan };
  for (const step of path.split(".")) {
    const fields = found.plan.op === "struct" ? found.plan.fields : [];
    const field = fields.find(({ name }) => name === step);
    if (field === undefined) {
      const known = fields.map(({ name }) => name).join(", ") || "none";
      throw new EbpfError("NOT_FOUND", `Cannot find member ${path} of ${record}: there are ${known}`);
    }
    found = { offset: found.offset + field.offset, plan: field.plan };
  }
  return found;
}

function unfit(record: string, why: string): EbpfError {
  return new EbpfError("BAD_VALUE", `Cannot read ${record} in columns: ${why}`);
}
