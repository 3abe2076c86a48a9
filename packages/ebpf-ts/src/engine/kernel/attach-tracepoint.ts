import { existsSync, readFileSync } from "node:fs";
import { EbpfError } from "../../errors.ts";
import type { ProgramSpec } from "../../spec/types.ts";
import { Attributes } from "../../sys/attributes.ts";
import { Descriptor } from "../../sys/descriptor.ts";
import type { Sys } from "../../sys/sys.ts";
import { AttachType, Command } from "../../uapi/uapi.gen.ts";
import type { Attachment } from "./attach.ts";
import { check } from "./failure.ts";

/** Since Linux 4.1 tracefs has a place of its own; before, and on many systems still, it is under debugfs. */
const traceFolders = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

const PERF_TYPE_TRACEPOINT = 2;
const PERF_ATTR_SIZE = 112; // PERF_ATTR_SIZE_VER5
const ANY_PROCESS = -1;
const FIRST_CPU = 0;
/** `_IOW('$', 8, __u32)` and `_IO('$', 0)`. */
const PERF_EVENT_IOC_SET_BPF = 0x40042408;
const PERF_EVENT_IOC_ENABLE = 0x2400;

/** `tracepoint/<category>/<name>`: a perf event of that tracepoint, to which the program is linked. */
export async function attachTracepoint(sys: Sys, program: Descriptor, spec: ProgramSpec): Promise<Attachment> {
  const event = openTracepoint(sys, spec);
  let link: Descriptor | undefined;
  try {
    link = linkProgram(sys, program, event, spec);
    check(sys.ioctl(event.fd, PERF_EVENT_IOC_ENABLE, 0), `attach program ${spec.name}`, "ioctl");
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

function openTracepoint(sys: Sys, spec: ProgramSpec): Descriptor {
  const attributes = new Attributes(PERF_ATTR_SIZE)
    .u32(0, PERF_TYPE_TRACEPOINT)
    .u32(4, PERF_ATTR_SIZE)
    .u64(8, BigInt(tracepointId(spec)));
  const fd = check(sys.perfEventOpen(attributes, ANY_PROCESS, FIRST_CPU), `attach program ${spec.name}`, "perf_event_open");
  return new Descriptor(fd, `the event of program ${spec.name}`);
}

/** BPF_LINK_CREATE with BPF_PERF_EVENT (Linux 5.15), or else the older ioctl, whose effect ends with the event. */
function linkProgram(sys: Sys, program: Descriptor, event: Descriptor, spec: ProgramSpec): Descriptor | undefined {
  const attributes = new Attributes(24).u32(0, program.fd).u32(4, event.fd).u32(8, AttachType.PERF_EVENT);
  const fd = sys.bpf(Command.LINK_CREATE, attributes);
  if (fd >= 0) return new Descriptor(fd, `the link of program ${spec.name}`);
  check(sys.ioctl(event.fd, PERF_EVENT_IOC_SET_BPF, program.fd), `attach program ${spec.name} to ${spec.attachTo}`, "ioctl");
  return undefined;
}

function tracepointId(spec: ProgramSpec): number {
  const action = `attach program ${spec.name}`;
  if (!/^\w+\/\w+$/.test(spec.attachTo)) {
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: its section names no tracepoint, write tracepoint/<category>/<name>`);
  }
  const folder = traceFolders.find((candidate) => existsSync(`${candidate}/events`));
  if (folder === undefined) throw noTracefs(action);
  try {
    return Number(readFileSync(`${folder}/events/${spec.attachTo}/id`, "utf8"));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "EACCES") {
      throw new EbpfError("NO_PRIVILEGE", `Cannot ${action}: this user may not read ${folder}, run as root`, { cause });
    }
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: this kernel has no tracepoint ${spec.attachTo}`, { cause });
  }
}

/** An ordinary user may not look into the folder, so that to him it looks as if nothing were there. */
function noTracefs(action: string): EbpfError {
  if (process.geteuid?.() !== 0) {
    return new EbpfError("NO_PRIVILEGE", `Cannot ${action}: tracefs is not mounted, or this user may not read it; run as root`);
  }
  return new EbpfError("NOT_FOUND", `Cannot ${action}: tracefs is not mounted, mount it with: mount -t tracefs tracefs ${traceFolders[0]}`);
}
