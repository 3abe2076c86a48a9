import { NotSupportedError } from "../../base/errors.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { Errno } from "../../uapi/errno.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { linkTypeName } from "../../uapi/type-names.ts";
import { Command } from "../../uapi/uapi.gen.ts";
import { failure } from "./failure.ts";

/** BPF_LINK_UPDATE without flags: whichever program is attached is replaced. `action` follows "Cannot". */
export function updateLink(sys: Sys, link: Descriptor, newProgram: number, action: string): void {
  const attributes = new KernelStruct(BpfAttr.link_update, { link_fd: link.fd, new_prog_fd: newProgram, flags: 0 });
  const result = sys.bpf(Command.LINK_UPDATE, attributes);
  const why = "a program of that type does not go there";
  if (result < 0) throw failure(result, action, "bpf", result === -Errno.EINVAL ? why : undefined);
}

/** `what` is "the link of program x". */
export function cannotUpdate(what: string, type: number): NotSupportedError {
  return new NotSupportedError(
    "update link",
    `Cannot update ${what}: the kernel does not replace the program of a ${linkTypeName(type)} link, attach the other one and detach this`,
  );
}
