import { parseBtfInPlace } from "../../../btf/parse-btf.ts";
import type { Btf } from "../../../btf/types.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfAttr, BpfBtfInfo, BpfMapInfo } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { failure, isShortage } from "../failure.ts";
import { kernelBtf } from "../load/kernel-btf.ts";
import { objectInfo } from "../object-info.ts";

/** The types that the kernel keeps with a map: ids in the BTF, 0 where there is none. */
export interface KernelMapTypes {
  readonly btf: Btf;
  readonly key: number;
  readonly value: number;
  readonly record: 0;
}

/** Undefined for maps that were created without types, and where this process may not see them. */
export async function mapTypes(sys: Sys, map: { readonly fd: number }): Promise<KernelMapTypes | undefined> {
  const info = objectInfo(sys, map, BpfMapInfo, "a map's types");
  const kernelValue = info.btf_vmlinux_value_type_id;
  const id = kernelValue === 0 ? info.btf_id : info.btf_vmlinux_id;
  const btf = id === 0 ? undefined : await btfById(sys, id);
  if (btf === undefined) return undefined;
  if (kernelValue !== 0) return { btf, key: 0, value: kernelValue, record: 0 };
  return { btf, key: info.btf_key_type_id, value: info.btf_value_type_id, record: 0 };
}

/** BPF_BTF_GET_FD_BY_ID (Linux 4.18) takes CAP_SYS_ADMIN, which BPF_OBJ_GET does not. */
export async function btfById(sys: Sys, id: number): Promise<Btf | undefined> {
  const fd = sys.bpf(Command.BTF_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { btf_id: id }));
  if (isShortage(fd)) throw failure(fd, "read the types of a map", "bpf");
  if (fd < 0) return undefined;
  const descriptor = new Descriptor(fd, `BTF ${id}`);
  try {
    return await readBtf(sys, descriptor);
  } finally {
    descriptor.close();
  }
}

/** What is the kernel's own, or a module's, is told since Linux 5.11. */
async function readBtf(sys: Sys, object: Descriptor): Promise<Btf> {
  const name = new Uint8Array(64);
  const bytes = new Uint8Array(objectInfo(sys, object, BpfBtfInfo, "the size of some types").btf_size);
  const given = { btf: bytes, btf_size: bytes.length, name, name_len: name.length };
  const { kernel_btf } = objectInfo(sys, object, BpfBtfInfo, "some types", given);
  const ofModule = kernel_btf !== 0 && !new TextDecoder().decode(name).startsWith("vmlinux\0");
  // A module's types go on where the kernel's own end.
  return parseBtfInPlace(bytes, ofModule ? await kernelBtf() : undefined);
}
