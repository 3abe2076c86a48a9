/**
 * What is impossible about a pair of positions, as part of a sentence; undefined when nothing is. Positions are modular u64.
 * Both start at 0 and move by whole records, so that they are multiples of 8, and the producer is 0 to `size` bytes ahead.
 */
export function positionFault(consumer: bigint, producer: bigint, size: number): string | undefined {
  if (producer % 8n !== 0n) return `the producer position ${producer} is not a multiple of 8`;
  if (consumer % 8n !== 0n) return `the consumer position ${consumer} is not a multiple of 8`;
  const ahead = BigInt.asIntN(64, producer - consumer);
  if (ahead < 0n) return `the producer position ${producer} is behind the consumer position ${consumer}`;
  if (ahead > BigInt(size)) {
    return `the producer position ${producer} is more than the ring's ${size} bytes ahead of the consumer position ${consumer}`;
  }
  return undefined;
}
