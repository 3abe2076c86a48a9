import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { mapTypes } from "../map/map-types.ts";
import { valuePrefix } from "./kernel-ops.ts";

/** The kernel's name of the struct that a map of struct_ops is of; empty where this process may not see its types. */
export async function structOfMap(sys: Sys, map: { readonly fd: number }): Promise<string> {
  const types = await mapTypes(sys, map);
  const type = types?.btf.type(types.value);
  const name = type !== undefined && "name" in type ? type.name : "";
  return name.startsWith(valuePrefix) ? name.slice(valuePrefix.length) : name;
}

/** The same by the map's id, undefined where it cannot be told: BPF_MAP_GET_FD_BY_ID takes CAP_SYS_ADMIN. */
export async function structOfMapId(sys: Sys, id: number): Promise<string | undefined> {
  const fd = sys.bpf(Command.MAP_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { map_id: id }));
  if (fd < 0) return undefined;
  const descriptor = new Descriptor(fd, `map ${id}`);
  try {
    return (await structOfMap(sys, descriptor)) || undefined;
  } finally {
    descriptor.close();
  }
}
