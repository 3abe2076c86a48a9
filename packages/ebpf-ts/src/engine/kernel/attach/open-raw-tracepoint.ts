import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { Attachment, AttachRequest, LinkDetails } from "./attachment.ts";

/** Where a link of a raw tracepoint is. */
export const rawTracepointDetails: LinkDetails = {
  ask: (name) => ({ raw_tracepoint: { tp_name: name, tp_name_len: name.length } }),
  read: (_, tracepoint) => ({ tracepoint }),
};

/**
 * BPF_RAW_TRACEPOINT_OPEN. Gives the negative errno on failure. Tracing programs give no name: they were told what they
 * attach to when they were loaded.
 */
export function openRawTracepoint(
  { sys, program, spec }: AttachRequest<AttachTarget>,
  name: string | undefined,
): Attachment | number {
  const fd = sys.bpf(
    Command.RAW_TRACEPOINT_OPEN,
    new KernelStruct(BpfAttr.raw_tracepoint, { name, prog_fd: program.fd }),
  );
  if (fd < 0) return fd;
  const link = new Descriptor(fd, `the link of program ${spec.name}`);
  return { link, canUpdate: false, details: rawTracepointDetails };
}
