import type { Plan } from "./plan.ts";

/** Whether a value of the type has bits that no member of it shows: padding, and bitfields without a name. */
export function hasHoles(plan: Plan): boolean {
  if (plan.op === "array") return plan.length > 0 && (plan.element.size !== plan.stride || hasHoles(plan.element));
  if (plan.op !== "struct") return false;
  for (const bits of shownBits(plan)) if (bits !== 0xff) return true;
  return false;
}

/** For each byte of the type, the bits that are shown. */
export function shownBits(plan: Plan): Uint8Array {
  const shown = new Uint8Array(plan.size);
  show(plan, 0, shown);
  return shown;
}

function show(plan: Plan, at: number, shown: Uint8Array): void {
  switch (plan.op) {
    case "struct":
      for (const field of plan.fields) show(field.plan, at + field.offset, shown);
      break;
    case "array":
      if (!hasHoles(plan.element) && plan.element.size === plan.stride) shown.fill(0xff, at, at + plan.size);
      else for (let i = 0; i < plan.length; i++) show(plan.element, at + i * plan.stride, shown);
      break;
    case "enum":
      show(plan.of, at, shown);
      break;
    case "bits":
      for (let bit = plan.shift; bit < plan.shift + plan.width; bit++) shown[at + (bit >> 3)]! |= 1 << (bit & 7);
      break;
    default:
      shown.fill(0xff, at, at + plan.size);
  }
}
