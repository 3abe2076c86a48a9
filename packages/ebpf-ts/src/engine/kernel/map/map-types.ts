import { parseBtf } from "../../../btf/index.ts";
import type { Btf } from "../../../btf/types.ts";
import { Attributes } from "../../../sys/ffi/attributes.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { check, failure, isShortage } from "../failure.ts";
import { kernelBtf } from "../load/kernel-btf.ts";

/** The types that the kernel keeps with a map: ids in the BTF, 0 where there is none. */
export interface KernelMapTypes {
  readonly btf: Btf;
  readonly key: number;
  readonly value: number;
  readonly record: 0;
}

/** Undefined for maps that were created without types, and where this process may not see them. */
export async function mapTypes(sys: Sys, fd: number): Promise<KernelMapTypes | undefined> {
  const info = objectInfo(sys, fd, 80, "a map's types");
  // struct bpf_map_info: btf_vmlinux_value_type_id 44, btf_id 64, btf_key_type_id 68, btf_value_type_id 72, btf_vmlinux_id 76.
  const kernelValue = info.getUint32(44, true);
  const id = kernelValue === 0 ? info.getUint32(64, true) : info.getUint32(76, true);
  const btf = id === 0 ? undefined : await btfById(sys, id);
  if (btf === undefined) return undefined;
  if (kernelValue !== 0) return { btf, key: 0, value: kernelValue, record: 0 };
  return { btf, key: info.getUint32(68, true), value: info.getUint32(72, true), record: 0 };
}

/** BPF_BTF_GET_FD_BY_ID (Linux 4.18) takes CAP_SYS_ADMIN, which BPF_OBJ_GET does not. */
async function btfById(sys: Sys, id: number): Promise<Btf | undefined> {
  const fd = sys.bpf(Command.BTF_GET_FD_BY_ID, new Attributes(12).u32(0, id));
  if (isShortage(fd)) throw failure(fd, "read the types of a map", "bpf");
  if (fd < 0) return undefined;
  const descriptor = new Descriptor(fd, `BTF ${id}`);
  try {
    return await readBtf(sys, descriptor.fd);
  } finally {
    descriptor.close();
  }
}

/** struct bpf_btf_info: btf pointer 0, btf_size 8, id 12, name pointer 16, name_len 24, kernel_btf 28 (Linux 5.11). */
async function readBtf(sys: Sys, fd: number): Promise<Btf> {
  const name = new Uint8Array(64);
  const bytes = new Uint8Array(objectInfo(sys, fd, 32, "the size of some types").getUint32(8, true));
  const info = objectInfo(sys, fd, 32, "some types", (request) =>
    request.pointer(0, bytes).u32(8, bytes.length).pointer(16, name).u32(24, name.length),
  );
  const ofModule = info.getUint32(28, true) !== 0 && !new TextDecoder().decode(name).startsWith("vmlinux\0");
  // A module's types go on where the kernel's own end.
  return parseBtf(bytes, ofModule ? { base: await kernelBtf() } : {});
}

/** BPF_OBJ_GET_INFO_BY_FD. `request` fills in what the kernel is to write to. */
function objectInfo(
  sys: Sys,
  fd: number,
  size: number,
  what: string,
  request: (info: Attributes) => Attributes = (info) => info,
): DataView {
  const info = request(new Attributes(size));
  const attributes = new Attributes(16).u32(0, fd).u32(4, size).pointer(8, info.bytes);
  check(sys.bpf(Command.OBJ_GET_INFO_BY_FD, attributes), `ask for ${what}`);
  return new DataView(info.bytes);
}
