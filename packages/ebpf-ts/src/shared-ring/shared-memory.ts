import type { RingMemory } from "../ring/ring-memory.ts";
import type { Doorbell } from "./doorbell.ts";
import type { Slots } from "./slots.ts";

/** The mapped file of a shared ring, and who uses it; what its sides are made from. */
export interface SharedMemory {
  readonly name: string;
  /** The head of the file (layout.ts). */
  readonly words: Int32Array;
  readonly ring: RingMemory;
  readonly slots: Slots;
  /** Rings for the consumer: a record was committed. */
  readonly dataBell: Doorbell;
  /** Rings for producers: records were read. */
  readonly roomBell: Doorbell;
}
