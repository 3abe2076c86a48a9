import { MapType } from "../../../uapi/uapi.gen.ts";
import type { MachineMapImage } from "../machine/image.ts";
import type { MachineMap, MachineRing, MachineUserRing } from "../machine/machine-map.ts";
import type { MapImplementation } from "../machine/map-implementation.ts";
import { CommandRing } from "./command-ring.ts";
import { EventRing } from "./event-ring.ts";
import { KeylessMap } from "./keyless-map.ts";
import { RingState, ringFlags, ringShape } from "./ring-state.ts";

/** What both kinds of ring are as maps. */
class RingMap extends KeylessMap {
  readonly state: RingState;

  constructor(image: MachineMapImage, memory: ArrayBufferLike) {
    super(image);
    this.state = new RingState(image, memory);
  }

  close(): void {
    this.state.memory.open = false;
  }
}

/** BPF_MAP_TYPE_RINGBUF. */
class EventRingMap extends RingMap implements MachineMap {
  readonly ring: MachineRing = new EventRing(this.image, this.state);
}

/** BPF_MAP_TYPE_USER_RINGBUF. */
class CommandRingMap extends RingMap implements MachineMap {
  readonly userRing: MachineUserRing = new CommandRing(this.image, this.state);
}

function implementation(open: MapImplementation["open"]): MapImplementation {
  return { flags: ringFlags, shape: ringShape, open };
}

export const ringMaps: ReadonlyMap<number, MapImplementation> = new Map([
  [MapType.RINGBUF, implementation((image, memory) => new EventRingMap(image, memory))],
  [MapType.USER_RINGBUF, implementation((image, memory) => new CommandRingMap(image, memory))],
]);
