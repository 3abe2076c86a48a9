import { mapKind } from "../../../kinds/map-kinds.ts";
import { capabilitiesForMap } from "../../../kinds/needed-capabilities.ts";
import { checkMapSize } from "../../../spec/check-map-size.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { type EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { publishFinding } from "../../../host/reporters.ts";
import { Errno, errnoName } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { mapTypeName } from "../../../uapi/type-names.ts";
import { Command, MapFlag } from "../../../uapi/uapi.gen.ts";
import { dataMapName, kernelName } from "../load/bpf-names.ts";
import { possibleCpus } from "../cpus.ts";
import { isKernelBefore } from "../kernel-release.ts";
import { deniedOr, isShortage } from "../failure.ts";
import { refuseOverwrite } from "./refuse-overwrite.ts";
import { ringSize } from "../ring/ring-size.ts";

/**
 * Creates a map as the spec says (BPF_MAP_CREATE). Where the kernel does not take its types, it has none, which is reported; unless it
 * must have them.
 */
export async function createMap(
  sys: Sys,
  spec: MapSpec,
  btf: Descriptor | undefined,
  mustHaveTypes = false,
): Promise<Descriptor> {
  const kind = mapKind(spec.type);
  if (kind.value === "ops") {
    const name = mapTypeName(spec.type);
    throw new NotSupportedError(name, `Cannot create map ${spec.name}: a ${name} map is no map in another`);
  }
  checkMapSize(spec);
  const inner = spec.inner === undefined ? undefined : await createMap(sys, spec.inner, btf);
  try {
    const types = btf !== undefined && kind.typed ? btf : undefined;
    let fd = await create(sys, spec, types, inner);
    // A kernel that is older than the object may know the map, and not its types.
    if (fd < 0 && fd !== -Errno.EPERM && !isShortage(fd) && types !== undefined && !mustHaveTypes) {
      const without = await create(sys, spec, undefined, inner);
      if (without >= 0)
        publishFinding(`The kernel refused the types of map ${spec.name} (${errnoName(-fd)}): it has none`);
      fd = without;
    }
    if (fd === -Errno.EINVAL) refuseOverwrite(spec);
    if (fd < 0) {
      const needs = capabilitiesForMap(spec.type);
      throw orTooOld(spec, fd, deniedOr(needs, fd, `create map ${spec.name}`, "bpf", hint(spec, -fd)));
    }
    return new Descriptor(fd, `map ${spec.name}`);
  } finally {
    inner?.close();
  }
}

async function create(
  sys: Sys,
  spec: MapSpec,
  btf: Descriptor | undefined,
  inner: Descriptor | undefined,
): Promise<number> {
  const attributes = encode(sys, spec, btf, inner);
  const fd = await sys.bpfAsync(Command.MAP_CREATE, attributes);
  if (fd !== -Errno.EPERM) return fd;
  // Before Linux 5.11 maps count as locked memory, of which ordinary limits allow 64 KiB.
  sys.raiseLockedMemory();
  return sys.bpfAsync(Command.MAP_CREATE, attributes);
}

function encode(
  sys: Sys,
  spec: MapSpec,
  btf: Descriptor | undefined,
  inner: Descriptor | undefined,
): KernelStruct<typeof BpfAttr.map_create> {
  const name = spec.section === undefined ? kernelName(spec.name) : dataMapName(spec.section);
  const attributes = new KernelStruct(BpfAttr.map_create, {
    map_type: spec.type,
    key_size: spec.keySize,
    value_size: spec.valueSize,
    max_entries: entriesOf(sys, spec),
    map_flags: flagsOf(spec),
    inner_map_fd: inner?.fd,
    numa_node: spec.numaNode,
    map_name: name,
    map_extra: spec.mapExtra,
  });
  if (btf === undefined) return attributes;
  return attributes.assign({ btf_fd: btf.fd, btf_key_type_id: spec.keyType, btf_value_type_id: spec.valueType });
}

/** BPF_F_* that the kernel is asked for. */
export function flagsOf(spec: MapSpec): number {
  return spec.numaNode === undefined ? spec.flags : spec.flags | MapFlag.NUMA_NODE;
}

/** How many entries the kernel is asked for: sizes of rings are rounded, and a perf event array without a number has one for each CPU. */
export function entriesOf(sys: Sys, spec: MapSpec): number {
  const { counts } = mapKind(spec.type);
  if (counts === "bytes") return ringSize(spec.maxEntries, sys.pageSize());
  if (counts === "cpus" && spec.maxEntries === 0) return possibleCpus();
  return spec.maxEntries;
}

function hint(spec: MapSpec, errno: number): string | undefined {
  const shape = `${mapTypeName(spec.type)}, key ${spec.keySize}, value ${spec.valueSize} bytes, ${spec.maxEntries} entries, flags ${spec.flags}`;
  if (errno === Errno.EINVAL)
    return `the kernel does not know that type of map, or refuses its sizes or flags: ${shape}`;
  if (errno === Errno.E2BIG) return `it is too big for the kernel: ${shape}`;
  return undefined;
}

function orTooOld({ name, type }: MapSpec, result: number, cause: EbpfError): EbpfError {
  const { since } = mapKind(type);
  if (result !== -Errno.EINVAL || since === undefined || !isKernelBefore(since)) return cause;
  const kind = mapTypeName(type);
  const message = `Cannot create map ${name}: this kernel has no maps of type ${kind} (Linux ${since})`;
  return new NotSupportedError(kind, message, since, { cause });
}
