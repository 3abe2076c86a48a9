import { EbpfError } from "../../../base/errors.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { linuxSys } from "../../../sys/ffi/linux.ts";
import { preparePoll } from "../../../sys/poll/poll.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { OpenedRing } from "../../ring.ts";
import { failure, isShortage } from "../failure.ts";
import { mapInfo } from "../object-info.ts";
import { isMapDescriptor, kernelMap } from "../map/open-kernel-map.ts";
import type { KernelRingHandle } from "./ring-handle.ts";
import type { RingMap } from "./ring-map.ts";

export type { KernelRingHandle } from "./ring-handle.ts";

/** Maps the ring's memory once more. Throws CLOSED when the collection that shared it is closed. */
export function openKernelRing(handle: KernelRingHandle, sys: Sys = linuxSys()): OpenedRing {
  const fd = sys.duplicate(handle.fd);
  if (isShortage(fd)) throw failure(fd, `open ring ${handle.name}`, "fcntl");
  const descriptor = fd < 0 ? undefined : new Descriptor(fd, `map ${handle.name}`);
  try {
    if (descriptor === undefined || !isMap(sys, descriptor, handle.id)) {
      throw new EbpfError("CLOSED", `Cannot open ring ${handle.name}: the collection that shared it is closed`);
    }
    preparePoll();
    const map = kernelMap(sys, descriptor, { name: handle.name }) as RingMap;
    return { ring: map.ring(), close: () => map.close() };
  } catch (error) {
    descriptor?.close();
    throw error;
  }
}

function isMap(sys: Sys, descriptor: Descriptor, id: number): boolean {
  // Some other file may have the number now.
  return isMapDescriptor(descriptor) && mapInfo(sys, descriptor).id === id;
}
