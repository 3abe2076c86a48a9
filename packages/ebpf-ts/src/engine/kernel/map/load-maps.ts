import { EbpfError } from "../../../base/errors.ts";
import type { MapSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { mapTypeName } from "../../../uapi/type-names.ts";
import { createMap, entriesOf } from "./create-map.ts";
import { fillMap } from "./fill-map.ts";
import type { KernelMap } from "./kernel-map.ts";
import { kernelMap } from "./open-kernel-map.ts";
import { makePinFolder, openPinned, pinObject } from "../pin.ts";

export interface LoadMapOptions {
  readonly btf: Descriptor | undefined;
  /** The map is of no use without its types. */
  readonly mustHaveTypes: boolean;
  /** Folder of maps that are pinned by name. */
  readonly pinRoot: string;
}

/** Creates the map of a spec with its first contents, or opens the one that is pinned under its name. */
export async function loadMap(sys: Sys, spec: MapSpec, options: LoadMapOptions): Promise<KernelMap> {
  if (spec.pinning === "by-name") return loadPinned(sys, spec, options);
  const descriptor = await createMap(sys, spec, options.btf, options.mustHaveTypes);
  return closedOnFailure(descriptor, () => filled(sys, descriptor, spec));
}

async function loadPinned(sys: Sys, spec: MapSpec, options: LoadMapOptions): Promise<KernelMap> {
  const path = `${options.pinRoot}/${spec.name}`;
  const what = `map ${spec.name}`;
  const known = openPinned(sys, path, what);
  if (known !== undefined) return closedOnFailure(known, () => reused(sys, known, spec, path));
  makePinFolder(options.pinRoot, what);
  const descriptor = await createMap(sys, spec, options.btf, options.mustHaveTypes);
  return closedOnFailure(descriptor, () => {
    const map = filled(sys, descriptor, spec);
    pinObject(sys, descriptor, path, what);
    return map;
  });
}

function filled(sys: Sys, descriptor: Descriptor, spec: MapSpec): KernelMap {
  const map = kernelMap(sys, descriptor, spec);
  fillMap(map, spec);
  return map;
}

function closedOnFailure<T>(descriptor: Descriptor, use: () => T): T {
  try {
    return use();
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

/** A pinned map serves only if it is what the object would have created. */
function reused(sys: Sys, descriptor: Descriptor, spec: MapSpec, path: string): KernelMap {
  const map = kernelMap(sys, descriptor, spec);
  const { info } = map;
  const entries = entriesOf(sys, spec);
  const differs =
    info.type !== spec.type ||
    info.keySize !== spec.keySize ||
    info.valueSize !== spec.valueSize ||
    info.maxEntries !== entries ||
    info.flags !== spec.flags;
  if (!differs) return map;
  throw new EbpfError(
    "NOT_SUPPORTED",
    `Cannot use the map pinned at ${path}: it is ${shape(info)}, the object wants ${shape({ ...spec, maxEntries: entries })}; remove it, or change the object`,
  );
}

function shape(map: { type: number; keySize: number; valueSize: number; maxEntries: number; flags: number }): string {
  return `${mapTypeName(map.type)} with key ${map.keySize}, value ${map.valueSize} bytes, ${map.maxEntries} entries, flags ${map.flags}`;
}
