import type { Btf } from "../../../btf/types.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { failure, isShortage } from "../failure.ts";

/**
 * Loads the object's types (BPF_BTF_LOAD, Linux 4.18). A kernel that is older than the compiler may refuse some kind of
 * type: programs and most maps work without, so then there is none, as with libbpf.
 */
export async function loadBtf(sys: Sys, btf: Btf): Promise<Descriptor | undefined> {
  const attributes = new KernelStruct(BpfAttr.btf_load, { btf: btf.bytes, btf_size: btf.bytes.length });
  const fd = await sys.bpfAsync(Command.BTF_LOAD, attributes);
  if (fd >= 0) return new Descriptor(fd, "the object's BTF");
  if (fd === -Errno.EPERM || fd === -Errno.ENOSYS || isShortage(fd)) throw failure(fd, "load programs", "bpf");
  return undefined;
}
