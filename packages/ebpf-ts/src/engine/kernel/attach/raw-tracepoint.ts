import { EbpfError } from "../../../base/errors.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import { Attributes } from "../../../sys/ffi/attributes.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { Attachment } from "./attach-program.ts";
import { check, failure } from "../failure.ts";

/** `raw_tp/<name>` (BPF_RAW_TRACEPOINT_OPEN, Linux 4.17). Names have no category. */
export async function attachRawTracepoint(sys: Sys, program: Descriptor, spec: ProgramSpec): Promise<Attachment> {
  const action = `attach program ${spec.name}`;
  if (spec.attachTo === "") {
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: its section names no tracepoint, write ${spec.kind}/<name>`);
  }
  const fd = open(sys, new Attributes(16).string(0, spec.attachTo).u32(8, program.fd));
  if (fd === -Errno.ENOENT) {
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: this kernel has no tracepoint ${spec.attachTo}`);
  }
  if (fd === -Errno.EINVAL)
    throw failure(fd, action, "bpf", `it reads more arguments than tracepoint ${spec.attachTo} has`);
  return link(check(fd, action), spec);
}

/** Tracing programs were told what they attach to when they were loaded: `tp_btf/<name>` (Linux 5.5). */
export async function attachTracingProgram(sys: Sys, program: Descriptor, spec: ProgramSpec): Promise<Attachment> {
  return link(check(open(sys, new Attributes(16).u32(8, program.fd)), `attach program ${spec.name}`), spec);
}

function open(sys: Sys, attributes: Attributes): number {
  return sys.bpf(Command.RAW_TRACEPOINT_OPEN, attributes);
}

function link(fd: number, spec: ProgramSpec): Attachment {
  return new Descriptor(fd, `the link of program ${spec.name}`);
}
