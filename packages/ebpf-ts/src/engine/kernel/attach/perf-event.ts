import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { Errno } from "../../../uapi/errno.ts";
import { AttachType, PerfIoctl } from "../../../uapi/uapi.gen.ts";
import { check } from "../failure.ts";
import type { AttachmentPart, AttachRequest } from "./attachment.ts";
import { tryLink } from "./create-link.ts";

/** Links a program to a perf event, which becomes the part's own. `cookie` is for `bpf_get_attach_cookie`. */
export function attachToEvent(
  request: AttachRequest<AttachTarget>,
  event: Descriptor,
  cookie: bigint | number = 0,
): AttachmentPart {
  const { sys, action } = request;
  let link: Descriptor | undefined;
  try {
    link = linkProgram(request, event, BigInt(cookie));
    check(sys.ioctl(event.fd, PerfIoctl.ENABLE, 0), action, "ioctl");
  } catch (error) {
    link?.close();
    event.close();
    throw error;
  }
  return { link, beside: [event] };
}

/** BPF_LINK_CREATE with BPF_PERF_EVENT (Linux 5.15), or else the older ioctl, whose effect ends with the event. */
function linkProgram(request: AttachRequest<AttachTarget>, event: Descriptor, cookie: bigint): Descriptor | undefined {
  const { sys, program, action } = request;
  const fields = cookie === 0n ? {} : { perf_event: { bpf_cookie: cookie } };
  const link = tryLink(request, { target: event.fd, attachType: AttachType.PERF_EVENT, fields });
  if (typeof link !== "number") return link;
  if (link === -Errno.EINVAL && cookie !== 0n) throw noCookies(action);
  const result = link === -Errno.EINVAL ? sys.ioctl(event.fd, PerfIoctl.SET_BPF, program.fd) : link;
  if (result === -Errno.EEXIST) throw new EbpfError("BUSY", `Cannot ${action}: it is attached there already`);
  check(result, action, link === result ? "bpf" : "ioctl");
  return undefined;
}

function noCookies(action: string): NotSupportedError {
  return new NotSupportedError(
    "cookie",
    `Cannot ${action} with a cookie: this kernel has no links of perf events (Linux 5.15), attach it without`,
    "5.15",
  );
}
