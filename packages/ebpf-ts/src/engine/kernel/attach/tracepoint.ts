import { EbpfError } from "../../../base/errors.ts";
import { refusal } from "../../../host/refusal.ts";
import { isThere, readSystemFile } from "../../../host/system-files.ts";
import { isRoot } from "../../../host/this-process.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import { Attributes } from "../../../sys/ffi/attributes.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { Attachment } from "./attach-program.ts";
import { check } from "../failure.ts";
import { attachToEvent } from "./perf-event.ts";

/** Since Linux 4.1 tracefs has a place of its own; before, and on many systems still, it is under debugfs. */
const traceFolders = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

const PERF_TYPE_TRACEPOINT = 2;
const PERF_ATTR_SIZE = 112; // PERF_ATTR_SIZE_VER5
const ANY_PROCESS = -1;
const FIRST_CPU = 0;

/** `tracepoint/<category>/<name>`: a perf event of that tracepoint, to which the program is linked. */
export async function attachTracepoint(sys: Sys, program: Descriptor, spec: ProgramSpec): Promise<Attachment> {
  return attachToEvent(sys, program, openTracepoint(sys, spec), `attach program ${spec.name} to ${spec.attachTo}`);
}

function openTracepoint(sys: Sys, spec: ProgramSpec): Descriptor {
  const attributes = new Attributes(PERF_ATTR_SIZE)
    .u32(0, PERF_TYPE_TRACEPOINT)
    .u32(4, PERF_ATTR_SIZE)
    .u64(8, BigInt(tracepointId(spec)));
  const fd = check(
    sys.perfEventOpen(attributes, ANY_PROCESS, FIRST_CPU),
    `attach program ${spec.name}`,
    "perf_event_open",
  );
  return new Descriptor(fd, `the event of program ${spec.name}`);
}

function tracepointId(spec: ProgramSpec): number {
  const action = `attach program ${spec.name}`;
  if (!/^[\w-]+\/[\w-]+$/.test(spec.attachTo)) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot ${action}: its section names no tracepoint, write tracepoint/<category>/<name>`,
    );
  }
  const folder = traceFolders.find((candidate) => isThere(`${candidate}/events`));
  if (folder === undefined) throw noTracefs(action);
  try {
    return Number(readSystemFile(`${folder}/events/${spec.attachTo}/id`));
  } catch (cause) {
    throw refusal(cause, action, (code) =>
      code === "EACCES"
        ? new EbpfError("NO_PRIVILEGE", `Cannot ${action}: this user may not read ${folder}, run as root`, { cause })
        : new EbpfError("NOT_FOUND", `Cannot ${action}: this kernel has no tracepoint ${spec.attachTo}`, { cause }),
    );
  }
}

/** An ordinary user may not look into the folder, so that to him it looks as if nothing were there. */
function noTracefs(action: string): EbpfError {
  if (!isRoot()) {
    return new EbpfError(
      "NO_PRIVILEGE",
      `Cannot ${action}: tracefs is not mounted, or this user may not read it; run as root`,
    );
  }
  return new EbpfError(
    "NOT_FOUND",
    `Cannot ${action}: tracefs is not mounted, mount it with: mount -t tracefs tracefs ${traceFolders[0]}`,
  );
}
