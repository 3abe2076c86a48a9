import type { RingMemory } from "./ring-memory.ts";

/** The largest data area (RingMemory): the length field of a record has 30 bits. */
const maxSize = 2 ** 30;

/** Refuses memory that is no ring, so that the hot paths need not look again. */
export function checkMemory(memory: RingMemory): void {
  const { size, data, consumer, producer } = memory;
  if (!Number.isInteger(size) || size < 8 || size > maxSize || (size & (size - 1)) !== 0) {
    throw new RangeError(`The size of a ring must be a power of two from 8 to ${maxSize}, not ${size}`);
  }
  if (data.length < 2 * size || data.byteOffset % 8 !== 0) {
    throw new RangeError(`The data of a ring of ${size} bytes must be ${2 * size} bytes on an 8-byte boundary`);
  }
  if (consumer.length < 1 || producer.length < 1) {
    throw new RangeError("The positions of a ring must have one element each");
  }
}
