import type { MapSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { openPin } from "../pin.ts";
import type { EngineMap } from "../../map.ts";
import { checkSame } from "./check-same.ts";
import { createMap } from "./create-map.ts";
import { fillMap, placed } from "./fill-map.ts";
import type { KernelMap } from "./kernel-map.ts";
import { kernelMap, optionsOf } from "./open-kernel-map.ts";
import type { PinFolder } from "./pin-folder.ts";
import { reuseMap } from "./reuse-map.ts";

export interface LoadMapOptions {
  readonly btf: Descriptor | undefined;
  /** The map is of no use without its types. */
  readonly mustHaveTypes: boolean;
  /** Of maps that are pinned by name. */
  readonly pins: PinFolder;
  /** A map that stands for this one, or the path of one. */
  readonly reuse?: EngineMap | string | undefined;
}

/** Creates the map of a spec with its first contents, or opens the one that is pinned under its name. */
export async function loadMap(sys: Sys, spec: MapSpec, options: LoadMapOptions): Promise<KernelMap> {
  if (options.reuse !== undefined) return reuseMap(sys, spec, options.reuse);
  const { btf, mustHaveTypes, pins } = options;
  return pinnedOrMade(sys, spec, pins, {
    use(known, path) {
      checkSame(sys, known, spec, `pinned at ${path}`);
      return placed(kernelMap(sys, known, { ...optionsOf(spec), pinnedAt: path }));
    },
    async make() {
      const descriptor = await createMap(sys, spec, btf, mustHaveTypes);
      return closedOnFailure(descriptor, () => filled(sys, descriptor, spec));
    },
  });
}

/** Where a map that is pinned by name comes from. */
export interface PinnedOrMade {
  /** The one that is there already. Throws if it does not serve. */
  use(known: Descriptor, path: string): KernelMap;
  make(): Promise<KernelMap>;
}

/** The map that is pinned where the spec says, or one that is made, and pinned there if the spec says where. */
export async function pinnedOrMade(
  sys: Sys,
  spec: MapSpec,
  pins: PinFolder,
  { use, make }: PinnedOrMade,
): Promise<KernelMap> {
  if (spec.pinning === "none" && spec.pinPath === undefined) return make();
  const path = pins.pathOf(spec);
  const known = openPin(sys, path, `map ${spec.name}`);
  if (known !== undefined) return closedOnFailure(known, () => use(known, path));
  pins.prepare(path, spec);
  const map = await make();
  return closedOnFailure(map, () => {
    pins.pin(map, path);
    return map;
  });
}

function filled(sys: Sys, descriptor: Descriptor, spec: MapSpec): KernelMap {
  const map = kernelMap(sys, descriptor, optionsOf(spec));
  return closedOnFailure(map, () => {
    fillMap(map, spec);
    return map;
  });
}

function closedOnFailure<T>(opened: { close(): void }, use: () => T): T {
  try {
    return use();
  } catch (error) {
    opened.close();
    throw error;
  }
}
