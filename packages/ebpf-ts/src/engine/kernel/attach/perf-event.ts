import { EbpfError } from "../../../base/errors.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { AttachType, PerfIoctl } from "../../../uapi/uapi.gen.ts";
import { Errno } from "../../../uapi/errno.ts";
import { check } from "../failure.ts";
import { tryLink } from "./create-link.ts";
import type { AttachmentPart, AttachRequest } from "./attachment.ts";
import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";

/** Links a program to a perf event, which becomes the part's own. */
export function attachToEvent(request: AttachRequest<AttachTarget>, event: Descriptor): AttachmentPart {
  const { sys, action } = request;
  let link: Descriptor | undefined;
  try {
    link = linkProgram(request, event);
    check(sys.ioctl(event.fd, PerfIoctl.ENABLE, 0), action, "ioctl");
  } catch (error) {
    link?.close();
    event.close();
    throw error;
  }
  return { link, beside: [event] };
}

/** BPF_LINK_CREATE with BPF_PERF_EVENT (Linux 5.15), or else the older ioctl, whose effect ends with the event. */
function linkProgram(request: AttachRequest<AttachTarget>, event: Descriptor): Descriptor | undefined {
  const { sys, program, action } = request;
  const link = tryLink(request, { target: event.fd, attachType: AttachType.PERF_EVENT });
  if (typeof link !== "number") return link;
  const result = link === -Errno.EINVAL ? sys.ioctl(event.fd, PerfIoctl.SET_BPF, program.fd) : link;
  if (result === -Errno.EEXIST) throw new EbpfError("BUSY", `Cannot ${action}: it is attached there already`);
  check(result, action, link === result ? "bpf" : "ioctl");
  return undefined;
}
