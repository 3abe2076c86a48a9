import { EbpfError } from "../../../base/errors.ts";
import type { MachineMap, MachineMapImage } from "../machine/contracts.ts";
import { mapKinds } from "./map-kinds.ts";

/** One thread's view of a planned map; every thread that has the image and the memory may have one. */
export function openMap(image: MachineMapImage, memory: ArrayBufferLike, cpus: number): MachineMap {
  const kind = mapKinds.get(image.type);
  if (kind === undefined) {
    throw new EbpfError(
      "NOT_SUPPORTED",
      `Cannot open map ${image.name}: the embedded engine has no maps of type ${image.type}`,
    );
  }
  return kind.open(image, memory, cpus);
}
