import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { importHost } from "../../../host/import-host.ts";
import type { Attach, Attachment, AttachRequest } from "./attachment.ts";
import { ways } from "./ways.gen.ts";

export async function attachProgram(request: AttachRequest<AttachTarget>): Promise<Attachment> {
  const { kind } = request.target;
  const attach = await importHost(`what attaches to a ${kind}`, ways[kind] as () => Promise<Attach<AttachTarget>>);
  return attach(request);
}
