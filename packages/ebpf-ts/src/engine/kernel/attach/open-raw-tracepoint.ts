import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { NotSupportedError } from "../../../base/errors.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { isKernelBefore } from "../kernel-release.ts";
import type { AttachRequest } from "./attachment.ts";

/**
 * BPF_RAW_TRACEPOINT_OPEN, with a cookie since Linux 6.10. Gives the negative errno on failure. Tracing programs give no name: they were told what they
 * attach to when they were loaded.
 */
export function openRawTracepoint(
  { sys, program, spec }: AttachRequest<AttachTarget>,
  name: string | undefined,
  cookie: bigint | number = 0,
): Descriptor | number {
  const fd = sys.bpf(
    Command.RAW_TRACEPOINT_OPEN,
    new KernelStruct(BpfAttr.raw_tracepoint, {
      name,
      prog_fd: program.fd,
      cookie: BigInt(cookie) === 0n ? undefined : cookie,
    }),
  );
  return fd < 0 ? fd : new Descriptor(fd, `the link of program ${spec.name}`);
}

/** An older kernel knows no such field (EINVAL). */
export function refuseOldCookie(result: number, action: string, cookie: bigint | number = 0): void {
  if (result !== -Errno.EINVAL || BigInt(cookie) === 0n || !isKernelBefore("6.10")) return;
  const message = `Cannot ${action} with a cookie: this kernel has none for such programs (Linux 6.10), attach it without`;
  throw new NotSupportedError("cookie", message, "6.10");
}
