import { EbpfError } from "../../../base/errors.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { AttachType, Command, PerfIoctl } from "../../../uapi/uapi.gen.ts";
import { Errno } from "../../../uapi/errno.ts";
import { check } from "../failure.ts";
import type { AttachmentPart, AttachRequest } from "./attachment.ts";
import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";

/** Links a program to a perf event, which becomes the part's own. */
export function attachToEvent(
  { sys, program, action }: AttachRequest<AttachTarget>,
  event: Descriptor,
): AttachmentPart {
  let link: Descriptor | undefined;
  try {
    link = linkProgram(sys, program, event, action);
    check(sys.ioctl(event.fd, PerfIoctl.ENABLE, 0), action, "ioctl");
  } catch (error) {
    link?.close();
    event.close();
    throw error;
  }
  return { link, beside: [event] };
}

/** BPF_LINK_CREATE with BPF_PERF_EVENT (Linux 5.15), or else the older ioctl, whose effect ends with the event. */
function linkProgram(sys: Sys, program: Descriptor, event: Descriptor, action: string): Descriptor | undefined {
  const attributes = new KernelStruct(BpfAttr.link_create, {
    prog_fd: program.fd,
    target_fd: event.fd,
    attach_type: AttachType.PERF_EVENT,
  });
  const fd = sys.bpf(Command.LINK_CREATE, attributes);
  if (fd >= 0) return new Descriptor(fd, `the link: ${action}`);
  const result = fd === -Errno.EINVAL ? sys.ioctl(event.fd, PerfIoctl.SET_BPF, program.fd) : fd;
  if (result === -Errno.EEXIST) throw new EbpfError("BUSY", `Cannot ${action}: it is attached there already`);
  check(result, action, fd === result ? "bpf" : "ioctl");
  return undefined;
}
