import type { RingConsumer } from "./consumer.ts";

/**
 * The reading side of an event ring of either kind. Offsets that it gives count in `memory.data`: the ring itself, or, where
 * the producer overwrites, a copy.
 */
export type EventConsumer = { readonly [K in keyof RingConsumer]: RingConsumer[K] };
