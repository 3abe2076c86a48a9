import { RingConsumer } from "./consumer.ts";
import { OverwriteConsumer } from "./overwrite/overwrite-consumer.ts";
import type { RingMemory } from "./ring-memory.ts";

/**
 * The reading side of an event ring of either kind. Offsets that it gives count in `memory.data`: the ring itself, or, where
 * the producer overwrites, a copy.
 */
export type EventConsumer = { readonly [K in keyof RingConsumer]: RingConsumer[K] };

export function openConsumer(memory: RingMemory, name?: string): RingConsumer | OverwriteConsumer {
  return memory.overwrite === undefined ? new RingConsumer(memory, name) : new OverwriteConsumer(memory, name);
}
