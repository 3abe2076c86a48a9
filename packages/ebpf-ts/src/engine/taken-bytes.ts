import { EbpfError } from "../base/errors.ts";
import { ReadFence } from "../base/read-fence.ts";
import type { RingMemory } from "../ring/ring-memory.ts";

/** How often positions that move are read again. */
const attempts = 16;

/**
 * Bytes of an event ring that wait to be read, at one moment. A producer that overwrites is any distance ahead: then all are.
 * Throws BAD_RING when the consumer position is beyond the producer's.
 */
export function takenBytes(name: string, { consumer, producer, overwrite, size }: RingMemory): number {
  // Such a ring is never full.
  if (overwrite !== undefined) return 0;
  const fence = new ReadFence();
  let before = fence.load(consumer);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const produced = fence.load(producer);
    const after = fence.load(consumer);
    // It did not move meanwhile, so that both belong together.
    if (after === before) return clamped(name, BigInt.asIntN(64, produced - after), size);
    before = after;
  }
  return size;
}

function clamped(name: string, taken: bigint, size: number): number {
  if (taken < 0n) {
    throw new EbpfError(
      "BAD_RING",
      `Cannot write ring ${name}: its consumer says it has read more than was written; make the ring anew`,
    );
  }
  return taken > size ? size : Number(taken);
}
