import { isOpen } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { ownMember } from "./write-values.ts";

const utf8 = new TextEncoder();

/** Bytes that a value with a flexible array at its end takes. What does not fit the type is left for the writer to refuse. */
export function measure(plan: Plan, value: unknown): number {
  if (!isOpen(plan)) return plan.size;
  switch (plan.op) {
    case "text":
      return typeof value === "string" ? utf8.encode(value).length + 1 : countOf(value);
    case "bytes":
      return countOf(value);
    case "array":
      return countOf(value) * plan.stride;
    case "struct": {
      if (typeof value !== "object" || value === null) return plan.size;
      let size = plan.size;
      for (const field of plan.fields) {
        const member = ownMember(value as Record<string, unknown>, field.name);
        if (member !== undefined) size = Math.max(size, field.offset + measure(field.plan, member));
      }
      return size;
    }
    default:
      return plan.size;
  }
}

function countOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? (value as Uint8Array).length : 0;
}
