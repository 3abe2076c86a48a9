import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { AttachRequest } from "./attachment.ts";

/**
 * BPF_RAW_TRACEPOINT_OPEN. Gives the negative errno on failure. Tracing programs give no name: they were told what they
 * attach to when they were loaded.
 */
export function openRawTracepoint(
  { sys, program, spec }: AttachRequest<AttachTarget>,
  name: string | undefined,
): Descriptor | number {
  const fd = sys.bpf(
    Command.RAW_TRACEPOINT_OPEN,
    new KernelStruct(BpfAttr.raw_tracepoint, { name, prog_fd: program.fd }),
  );
  return fd < 0 ? fd : new Descriptor(fd, `the link of program ${spec.name}`);
}
