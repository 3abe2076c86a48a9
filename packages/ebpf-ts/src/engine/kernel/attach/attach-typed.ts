import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { NotSupportedError } from "../../../base/errors.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { Errno } from "../../../uapi/errno.ts";
import type { Attachment, AttachRequest } from "./attachment.ts";
import { linkFailure, tryLink } from "./create-link.ts";
import { openRawTracepoint } from "./open-raw-tracepoint.ts";

const refusals = {
  what: "tracing links",
  since: "5.5",
  meanings: {
    [Errno.EBUSY]: "it is attached there already, or what is attached there leaves no room for it",
    [Errno.E2BIG]: "as many programs are attached to that function as the kernel allows",
  },
} as const;

/**
 * Attaches a program where the verifier was told that it goes: BPF_LINK_CREATE (Linux 5.19), or else BPF_RAW_TRACEPOINT_OPEN without a
 * name, which takes no cookie.
 */
export function attachTyped(request: AttachRequest<AttachTarget>, cookie: bigint | number = 0): Attachment {
  const { spec, action } = request;
  const fields = BigInt(cookie) === 0n ? undefined : { tracing: { cookie } };
  const link = tryLink(request, { attachType: spec.attachType ?? 0, fields });
  if (link instanceof Descriptor) return { parts: [{ link }] };
  if (link !== -Errno.EINVAL) throw linkFailure(link, action, refusals);
  if (fields !== undefined) {
    const message = `Cannot ${action} with a cookie: this kernel has none for such programs (Linux 5.19), attach it without`;
    throw new NotSupportedError("cookie", message, "5.19");
  }
  const opened = openRawTracepoint(request, undefined);
  if (typeof opened === "number") throw linkFailure(opened, action, refusals);
  return { parts: [{ link: opened }] };
}
