import { BtfBuilder } from "../../btf/btf-builder.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { capabilitiesForMap } from "../../kinds/needed-capabilities.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { Errno } from "../../uapi/errno.ts";
import type { ValuesFor } from "../../uapi/layout.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Command, MapFlag, MapType } from "../../uapi/uapi.gen.ts";
import { type Answer, no, untold, yes } from "./probed.ts";

type MapAttributes = ValuesFor<(typeof BpfAttr.map_create)["fields"]>;

const word = 4;
const long = 8;
/** `struct bpf_cgroup_storage_key` */
const cgroupStorageKey = 16;
const maps = new Set<number>([MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS]);

/** What the kernel wants of a type that is otherwise as small as can be. */
function special(sys: Sys, type: number): MapAttributes {
  switch (type) {
    case MapType.STACK_TRACE:
      return { value_size: long };
    case MapType.LPM_TRIE:
      return { key_size: long, map_flags: MapFlag.NO_PREALLOC };
    case MapType.ARENA:
      return { map_flags: MapFlag.MMAPABLE };
    // The kernel knows the type by its answer to a value that is none: ENOTSUPP.
    case MapType.STRUCT_OPS:
      return { btf_vmlinux_value_type_id: 1 };
    default:
      return mapKind(type).key === "descriptor" ? { map_flags: MapFlag.NO_PREALLOC } : {};
  }
}

function attributesOf(sys: Sys, type: number): MapAttributes {
  const { key, value, counts } = mapKind(type);
  return {
    map_type: type,
    key_size: key === "none" ? 0 : key === "cgroup" ? cgroupStorageKey : word,
    value_size: value === "none" ? 0 : word,
    max_entries: counts === "nothing" ? 0 : counts === "bytes" ? sys.pageSize() : 1,
    ...special(sys, type),
  };
}

/** Makes the smallest map of the type, and lets it go. */
export function askMapType(sys: Sys, type: number): Answer {
  refuseIfLockedDown("probe the kernel", "bpf");
  const result = withParts(sys, type, (parts) => create(sys, { ...attributesOf(sys, type), ...parts }));
  if (result === 0 || (result === -Errno.ENOTSUPP && type === MapType.STRUCT_OPS)) return yes;
  if (result === -Errno.EINVAL || result === -Errno.E2BIG) return no;
  if (result === -Errno.ENOTSUPP || result === -Errno.EOPNOTSUPP) return no;
  return untold(-result, capabilitiesForMap(type));
}

/** Local storage has types, and maps of maps a map to begin with. Gives 0, or the negative errno of what came first. */
function withParts(sys: Sys, type: number, use: (parts: MapAttributes) => number): number {
  const isStorage = mapKind(type).key === "descriptor";
  if (!isStorage && !maps.has(type)) return closed(use({}), "a probe");
  const part = isStorage
    ? loadTypes(sys)
    : create(sys, { map_type: MapType.ARRAY, key_size: word, value_size: word, max_entries: 1 });
  if (part < 0) return part;
  const descriptor = new Descriptor(part, "a probe's part");
  try {
    const parts: MapAttributes = isStorage
      ? { btf_fd: descriptor.fd, btf_key_type_id: 1, btf_value_type_id: 1 }
      : { inner_map_fd: descriptor.fd };
    return closed(use(parts), "a probe");
  } finally {
    descriptor.close();
  }
}

function closed(fd: number, what: string): number {
  if (fd >= 0) new Descriptor(fd, what).close();
  return Math.min(fd, 0);
}

function create(sys: Sys, attributes: MapAttributes): number {
  const given = new KernelStruct(BpfAttr.map_create, attributes);
  const fd = sys.bpf(Command.MAP_CREATE, given);
  if (fd !== -Errno.EPERM) return fd;
  // Before Linux 5.11 maps count as locked memory.
  sys.raiseLockedMemory();
  return sys.bpf(Command.MAP_CREATE, given);
}

/** An `int`, as key and as value. */
function loadTypes(sys: Sys): number {
  const builder = new BtfBuilder();
  builder.int("int", word, "signed");
  const bytes = builder.bytes();
  return sys.bpf(Command.BTF_LOAD, new KernelStruct(BpfAttr.btf_load, { btf: bytes, btf_size: bytes.length }));
}
