import { forThreads } from "../../../base/shared-bytes.ts";
import type { EngineRing, OpenedRing, EngineRingHandle } from "../../ring.ts";
import type { MachineMapImage } from "../machine/image.ts";
import type { MachineMap } from "../machine/machine-map.ts";
import { machineInjector } from "./machine-injector.ts";
import { ringMaps } from "./ring-maps.ts";
import { EmbeddedBell, hasRecord, hasRoom } from "./ring-bell.ts";
import { waitForRecord } from "./wait-for-record.ts";

/** A ring of a machine, for another thread: the memory and the bookkeeping are shared. */
export interface EmbeddedRingHandle extends EngineRingHandle {
  readonly engine: "embedded";
  readonly image: MachineMapImage;
  readonly memory: SharedArrayBuffer;
}

export function openEmbeddedRing({ image, memory }: EmbeddedRingHandle): OpenedRing {
  const oneCpu = 1;
  const map = ringMaps.get(image.type)!.open(image, memory, oneCpu);
  return { ring: engineRing(map, memory), close: () => map.close?.() };
}

/** User space's side of a ring. */
export function engineRing(map: MachineMap, buffer: ArrayBufferLike): EngineRing {
  const { image, ring, userRing } = map;
  const { name, type } = image;
  const share = (): EmbeddedRingHandle => {
    const memory = forThreads(buffer, `share ring ${name}`);
    return { engine: "embedded", name, type, image, memory };
  };
  if (ring !== undefined) {
    const { memory } = ring;
    const bell: EngineRing["bell"] = (onRing) => new EmbeddedBell(ring.bell, hasRecord(memory), onRing);
    const injector: EngineRing["injector"] = async (size) => machineInjector(image.name, ring, size);
    return {
      memory,
      bell,
      share,
      injector,
      refused: () => ring.refused,
      waitSync: (ms) => waitForRecord(image.name, ring, ms),
    };
  }
  const { memory, bell } = userRing!;
  return { memory, share, bell: (onRing) => new EmbeddedBell(bell, hasRoom(memory), onRing) };
}
