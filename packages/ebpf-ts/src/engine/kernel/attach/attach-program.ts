import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import type { Attach, Attachment, AttachRequest } from "./attachment.ts";
import { ways } from "./ways.gen.ts";

export function attachProgram(request: AttachRequest<AttachTarget>): Promise<Attachment> {
  const attach = ways[request.target.kind] as Attach<AttachTarget>;
  return attach(request);
}
