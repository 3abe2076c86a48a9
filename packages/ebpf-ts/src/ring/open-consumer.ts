import { checkMemory } from "./check-memory.ts";
import { RingConsumer } from "./consumer.ts";
import { OverwriteConsumer } from "./overwrite/overwrite-consumer.ts";
import type { RingMemory } from "./ring-memory.ts";

/** The reading side that suits what the memory's producer does when the ring is full: wait, or overwrite. */
export function openConsumer(memory: RingMemory, name?: string): RingConsumer | OverwriteConsumer {
  checkMemory(memory);
  return memory.overwrite === undefined ? new RingConsumer(memory, name) : new OverwriteConsumer(memory, name);
}
