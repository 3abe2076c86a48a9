import { Attributes } from "../../../sys/ffi/attributes.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { AttachType, Command } from "../../../uapi/uapi.gen.ts";
import type { Attachment } from "./attach-program.ts";
import { check } from "../failure.ts";

/** `_IOW('$', 8, __u32)` and `_IO('$', 0)`. */
const PERF_EVENT_IOC_SET_BPF = 0x40042408;
const PERF_EVENT_IOC_ENABLE = 0x2400;

/** Links a program to a perf event, which becomes the attachment's own. `action` is for errors: "attach program x". */
export function attachToEvent(sys: Sys, program: Descriptor, event: Descriptor, action: string): Attachment {
  let link: Descriptor | undefined;
  try {
    link = linkProgram(sys, program, event, action);
    check(sys.ioctl(event.fd, PERF_EVENT_IOC_ENABLE, 0), action, "ioctl");
  } catch (error) {
    link?.close();
    event.close();
    throw error;
  }
  return {
    close: () => {
      link?.close();
      event.close();
    },
  };
}

/** BPF_LINK_CREATE with BPF_PERF_EVENT (Linux 5.15), or else the older ioctl, whose effect ends with the event. */
function linkProgram(sys: Sys, program: Descriptor, event: Descriptor, action: string): Descriptor | undefined {
  const attributes = new Attributes(24).u32(0, program.fd).u32(4, event.fd).u32(8, AttachType.PERF_EVENT);
  const fd = sys.bpf(Command.LINK_CREATE, attributes);
  if (fd >= 0) return new Descriptor(fd, `the link: ${action}`);
  check(sys.ioctl(event.fd, PERF_EVENT_IOC_SET_BPF, program.fd), action, "ioctl");
  return undefined;
}
