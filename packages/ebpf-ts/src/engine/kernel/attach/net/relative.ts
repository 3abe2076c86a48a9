import type { AttachOrder } from "../../../../attach/order.ts";
import { AttachFlag } from "../../../../uapi/uapi.gen.ts";

/** How BPF_LINK_CREATE is told an order: flags, and what the program comes before or after. */
export interface RelativePlace {
  readonly flags: number;
  readonly relative: { readonly relative_id?: number };
}

export function relativePlace({ before, after }: AttachOrder): RelativePlace {
  const other = before ?? after;
  if (other === undefined) return { flags: 0, relative: {} };
  const where = before === undefined ? AttachFlag.AFTER : AttachFlag.BEFORE;
  if (other === "all") return { flags: where, relative: {} };
  const flags = where | AttachFlag.ID | (other.link === undefined ? 0 : AttachFlag.LINK);
  return { flags, relative: { relative_id: other.link ?? other.program! } };
}
