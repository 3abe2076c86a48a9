import type { AttachKind } from "./attach-kind.ts";
import { rawTracepoint, type RawTracepointTarget } from "./raw-tracepoint.ts";
import { tpBtf, type TpBtfTarget } from "./tp-btf.ts";
import { tracepoint, type TracepointTarget } from "./tracepoint.ts";
import { uprobe, type UprobeTarget } from "./uprobe.ts";

/** Where a program is to be attached. `kind` says which other keys there are. */
export type AttachTarget = RawTracepointTarget | TpBtfTarget | TracepointTarget | UprobeTarget;

/** Those of one kind: `AttachTargetOf<"uprobe">`. */
export type AttachTargetOf<Kind extends AttachTarget["kind"]> = Extract<AttachTarget, { readonly kind: Kind }>;

export const attachKinds: { readonly [Kind in AttachTarget["kind"]]: AttachKind<AttachTargetOf<Kind>> } = {
  raw_tracepoint: rawTracepoint,
  tp_btf: tpBtf,
  tracepoint,
  uprobe,
};
