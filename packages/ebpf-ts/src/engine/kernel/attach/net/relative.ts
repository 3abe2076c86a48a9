import { type AttachOrder, otherId } from "../../../../attach/order.ts";
import { AttachFlag } from "../../../../uapi/uapi.gen.ts";

/** How BPF_LINK_CREATE is told an order: flags, what the program comes before or after, and what must not have changed. */
export interface RelativePlace {
  readonly flags: number;
  readonly relative: { readonly relative_id?: number; readonly expected_revision?: bigint };
}

export function relativePlace({ before, after, revision }: AttachOrder): RelativePlace {
  const expected = revision === undefined ? {} : { expected_revision: BigInt(revision) };
  const other = before ?? after;
  if (other === undefined) return { flags: 0, relative: expected };
  const where = before === undefined ? AttachFlag.AFTER : AttachFlag.BEFORE;
  if (other === "all") return { flags: where, relative: expected };
  const { id, isLink } = otherId(other);
  const relative = { relative_id: id, ...expected };
  return { flags: where | AttachFlag.ID | (isLink ? AttachFlag.LINK : 0), relative };
}
