import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { capabilitiesForMap } from "../../../kinds/needed-capabilities.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr, BpfMapInfo } from "../../../uapi/structs.gen.ts";
import { Command, MapFlag } from "../../../uapi/uapi.gen.ts";
import { deniedOr } from "../failure.ts";
import { isKernelBefore } from "../kernel-release.ts";
import { kernelName } from "../load/bpf-names.ts";
import { checkSame } from "../map/check-same.ts";
import type { KernelMap } from "../map/kernel-map.ts";
import { pinnedOrMade } from "../map/load-maps.ts";
import { kernelMap } from "../map/open-kernel-map.ts";
import type { PinFolder } from "../map/pin-folder.ts";
import { objectInfo } from "../object-info.ts";
import type { OpsLayout } from "./lay-out-ops.ts";

export interface OpsMapParts {
  readonly layout: OpsLayout;
  /** The object's types: the kernel wants some, and reads nothing in them. */
  readonly btf: Descriptor | undefined;
  /** Descriptor of the types of the module that has the struct. */
  readonly module: number | undefined;
  /** Of maps that are pinned by name. */
  readonly pins: PinFolder;
}

/** The map, as yet without its value, or the one that is pinned under its name, which has whatever was written to it. */
export function loadOpsMap(sys: Sys, spec: MapSpec, parts: OpsMapParts): Promise<KernelMap> {
  return pinnedOrMade(sys, spec, parts.pins, {
    use(known, path) {
      checkSameOps(sys, known, spec, parts, path);
      return kernelMap(sys, known, { name: spec.name, pinnedAt: path });
    },
    async make() {
      const descriptor = await createOpsMap(sys, spec, parts);
      try {
        return kernelMap(sys, descriptor, { name: spec.name });
      } catch (error) {
        descriptor.close();
        throw error;
      }
    },
  });
}

/** Of the same shape, and operations of the same struct. */
function checkSameOps(sys: Sys, known: Descriptor, spec: MapSpec, parts: OpsMapParts, path: string): void {
  const { value, kernel } = parts.layout;
  checkSame(sys, known, { ...spec, valueSize: value.length, flags: flagsOf(spec, parts) }, `pinned at ${path}`);
  const found = objectInfo(sys, known, BpfMapInfo, "a map's types").btf_vmlinux_value_type_id;
  if (found === kernel.value.id) return;
  throw new EbpfError(
    "NOT_SUPPORTED",
    `Cannot use the map pinned at ${path}: it has operations of another struct than ${kernel.type.name}; remove it, or change the object`,
  );
}

function flagsOf({ flags }: MapSpec, { module }: OpsMapParts): number {
  return flags | (module === undefined ? 0 : MapFlag.VTYPE_BTF_OBJ_FD);
}

/** BPF_MAP_CREATE of BPF_MAP_TYPE_STRUCT_OPS (Linux 5.6): its value is a struct of the kernel's own types, or of a module's (Linux 6.9). */
async function createOpsMap(sys: Sys, spec: MapSpec, parts: OpsMapParts): Promise<Descriptor> {
  const { layout, btf, module } = parts;
  const attributes = new KernelStruct(BpfAttr.map_create, {
    map_type: spec.type,
    key_size: spec.keySize,
    value_size: layout.value.length,
    max_entries: spec.maxEntries,
    map_flags: flagsOf(spec, parts),
    map_name: kernelName(spec.name),
    btf_fd: btf?.fd,
    btf_vmlinux_value_type_id: layout.kernel.value.id,
    value_type_btf_obj_fd: module,
  });
  const fd = await sys.bpfAsync(Command.MAP_CREATE, attributes);
  if (fd < 0) throw refused(fd, spec, parts);
  return new Descriptor(fd, `map ${spec.name}`);
}

function refused(result: number, { name, type: mapType, flags }: MapSpec, { layout, module }: OpsMapParts): Error {
  const action = `create map ${name}`;
  const { type } = layout.kernel;
  if (result === -Errno.EINVAL && (flags & MapFlag.LINK) !== 0 && isKernelBefore("6.4")) {
    const instead = 'define it in section ".struct_ops"';
    const message = `Cannot ${action}: this kernel has no links of struct_ops (Linux 6.4), ${instead}`;
    return new NotSupportedError("struct_ops link", message, "6.4");
  }
  if (result === -Errno.EINVAL && module !== undefined && isKernelBefore("6.9")) {
    const message = `Cannot ${action}: this kernel takes no struct_ops of modules (Linux 6.9)`;
    return new NotSupportedError("struct_ops of modules", message, "6.9");
  }
  const why =
    result === -Errno.ENOTSUPP || result === -Errno.EINVAL
      ? `this kernel does not take implementations of struct ${type.name}, or is built without struct_ops (CONFIG_BPF_JIT)`
      : undefined;
  return deniedOr(capabilitiesForMap(mapType), result, action, "bpf", why);
}
