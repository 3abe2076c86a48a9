import type { AttachTarget, AttachTargetOf } from "../../../attach/attach-kinds.ts";
import type { Attach, Attachment, AttachRequest } from "./attachment.ts";
import { attachRawTracepoint } from "./raw-tracepoint.ts";
import { attachTpBtf } from "./tp-btf.ts";
import { attachTracepoint } from "./tracepoint.ts";
import { attachUprobe } from "./uprobe.ts";

const ways: { readonly [Kind in AttachTarget["kind"]]: Attach<AttachTargetOf<Kind>> } = {
  raw_tracepoint: attachRawTracepoint,
  tp_btf: attachTpBtf,
  tracepoint: attachTracepoint,
  uprobe: attachUprobe,
};

export function attachProgram(request: AttachRequest<AttachTarget>): Promise<Attachment> {
  const attach = ways[request.target.kind] as Attach<AttachTarget>;
  return attach(request);
}
