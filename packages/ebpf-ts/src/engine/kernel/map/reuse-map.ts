import { EbpfError } from "../../../base/errors.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { EngineMap } from "../../map.ts";
import { failure } from "../failure.ts";
import { openPin } from "../pin.ts";
import { checkSame } from "./check-same.ts";
import { placed } from "./fill-map.ts";
import { KernelMap } from "./kernel-map.ts";
import { kernelMap, optionsOf } from "./open-kernel-map.ts";

/** A map that exists, for one that an object has: a descriptor of its own, so that either may be closed first. */
export function reuseMap(sys: Sys, spec: MapSpec, reuse: EngineMap | string): KernelMap {
  const descriptor = typeof reuse === "string" ? pinned(sys, spec, reuse) : second(sys, spec, reuse);
  try {
    const path = typeof reuse === "string" ? reuse : undefined;
    checkSame(sys, descriptor, spec, path === undefined ? `given for ${spec.name}` : `pinned at ${path}`);
    return placed(kernelMap(sys, descriptor, { ...optionsOf(spec), pinnedAt: path }));
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

function pinned(sys: Sys, { name }: MapSpec, path: string): Descriptor {
  const found = openPin(sys, path, `map ${name}`);
  if (found !== undefined) return found;
  throw new EbpfError("NOT_FOUND", `Cannot use the map pinned at ${path} for ${name}: there is nothing`);
}

function second(sys: Sys, { name }: MapSpec, map: EngineMap): Descriptor {
  if (!(map instanceof KernelMap)) {
    throw new TypeError(`Cannot use map ${map.info.name} for ${name}: it belongs to another engine`);
  }
  const fd = sys.duplicate(map.fd);
  if (fd < 0) throw failure(fd, `use map ${map.info.name} for ${name}`, "fcntl");
  return new Descriptor(fd, `map ${name}`);
}
