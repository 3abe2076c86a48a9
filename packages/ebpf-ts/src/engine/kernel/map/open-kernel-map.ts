import { mapKind } from "../../../kinds/map-kinds.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { MapSpec } from "../../../spec/types.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { EbpfError } from "../../../base/errors.ts";
import { linkTarget } from "../../../host/system-files.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command, MapFlag } from "../../../uapi/uapi.gen.ts";
import { ArenaMap } from "./arena-map.ts";
import { BatchMap } from "./batch-map.ts";
import { possibleCpus } from "../cpus.ts";
import { adminFailure } from "../failure.ts";
import { KernelMap } from "./kernel-map.ts";
import type { MapParts } from "./kernel-map.ts";
import { MapOfMaps } from "./slots/map-of-maps.ts";
import { MemoryMap, ReadOnlyMemoryMap } from "./memory-map.ts";
import { mapInfo } from "../object-info.ts";
import { PerfEventMap } from "./perf-event-map.ts";
import { openPin } from "../pin.ts";
import { ProgramArray } from "./slots/program-array.ts";
import { RingMap } from "../ring/ring-map.ts";
import { OpsMap } from "../struct-ops/ops-map.ts";

export interface OpenMapOptions {
  /** The name in errors and in `info`; the kernel keeps 15 characters only. */
  readonly name?: string | undefined;
  /** Frozen: never mapped for writing. */
  readonly readOnly?: boolean | undefined;
  /** Where it is pinned already. */
  readonly pinnedAt?: string | undefined;
}

/** What a spec says of it. */
export function optionsOf({ name, readOnly }: MapSpec): OpenMapOptions {
  return { name, readOnly };
}

/** The live noun for a map's descriptor, which it takes over. */
export function kernelMap(sys: Sys, descriptor: Descriptor, options: OpenMapOptions = {}): KernelMap {
  const info = mapInfo(sys, descriptor);
  const kind = mapKind(info.type);
  const cpus = kind.perCpu ? possibleCpus() : 1;
  const bytes = kind.perCpu ? Math.ceil(info.valueSize / 8) * 8 * cpus : info.valueSize;
  const { mapExtra, ...shown } = info;
  const named = { ...shown, name: options.name ?? info.name };
  const parts: MapParts = { sys, descriptor, info: named, cpus, bytes, pinnedAt: options.pinnedAt };
  if (kind.memory === "arena") return new ArenaMap(parts, mapExtra);
  if (kind.memory === "ring") return new RingMap(parts);
  if (kind.value === "map") return new MapOfMaps(parts);
  if (kind.value === "program") return new ProgramArray(parts);
  if (kind.value === "ops") return new OpsMap(parts);
  if (kind.ring === "perf") return new PerfEventMap(parts);
  if (kind.memory === "values" && (info.flags & MapFlag.MMAPABLE) !== 0) {
    return isWritable(info.flags) && options.readOnly !== true ? new MemoryMap(parts) : new ReadOnlyMemoryMap(parts);
  }
  return kind.batchSince !== undefined ? new BatchMap(parts) : new KernelMap(parts);
}

/** The kernel maps nothing for writing on which a verifier may have relied. */
function isWritable(flags: number): boolean {
  return (flags & (MapFlag.RDONLY | MapFlag.RDONLY_PROG)) === 0;
}

/** A map that somebody pinned in a bpf file system. */
export function openPinnedMap(sys: Sys, path: string): KernelMap {
  const descriptor = openPin(sys, path, "a pinned map");
  if (descriptor === undefined)
    throw new EbpfError("NOT_FOUND", `Cannot open a pinned map: there is nothing at ${path}`);
  const otherwise = `Cannot open ${path} as a map: it is something else, ${objectKind(descriptor)}`;
  return opened(sys, descriptor, otherwise, path);
}

/** A map by the kernel's number of it (BPF_MAP_GET_FD_BY_ID). */
export function openMapById(sys: Sys, id: number): KernelMap {
  const fd = sys.bpf(Command.MAP_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { map_id: id }));
  if (fd === -Errno.ENOENT) throw new EbpfError("NOT_FOUND", `Cannot open map ${id}: there is no map with that id`);
  if (fd < 0) throw adminFailure(fd, `open map ${id}`);
  return opened(sys, new Descriptor(fd, `map ${id}`), `Cannot open map ${id}: it is something else`);
}

function opened(sys: Sys, descriptor: Descriptor, otherwise: string, pinnedAt?: string): KernelMap {
  try {
    if (!isMapDescriptor(descriptor)) throw new EbpfError("NOT_FOUND", otherwise);
    return kernelMap(sys, descriptor, { pinnedAt });
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

/** The kernel names the kind of an object in the link of its descriptor. */
export function isMapDescriptor(descriptor: Descriptor): boolean {
  return objectKind(descriptor) === "a bpf-map";
}

/** `anon_inode:bpf-prog` */
export function objectKind(descriptor: Descriptor): string {
  return `a ${linkTarget(`/proc/self/fd/${descriptor.fd}`)
    .replace(/^anon_inode:/, "")
    .replace(/[[\]]/g, "")}`;
}
