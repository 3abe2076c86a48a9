import { EbpfError } from "../../../base/errors.ts";
import type { MachineMapImage } from "../machine/image.ts";
import type { MachineMap } from "../machine/machine-map.ts";
import { mapImplementations } from "./map-implementations.gen.ts";

/** One thread's view of a planned map; every thread that has the image and the memory may have one. */
export function openMap(image: MachineMapImage, memory: ArrayBufferLike, cpus: number): MachineMap {
  const implementation = mapImplementations.get(image.type);
  if (implementation === undefined) {
    throw new EbpfError(
      "NOT_SUPPORTED",
      `Cannot open map ${image.name}: the embedded engine has no maps of type ${image.type}`,
    );
  }
  return implementation.open(image, memory, cpus);
}
