import { anObject, aUint8Array, type Check, powerOfTwo, wrongKind } from "../base/checks.ts";
import type { RingMemory } from "./ring-memory.ts";

/** The largest data area (RingMemory): the length field of a record has 30 bits. */
const maxSize = 2 ** 30;

const checkSize = powerOfTwo(8, maxSize);

const aPosition: Check = (value, what) => {
  if (!(value instanceof BigUint64Array)) throw wrongKind(what, "a BigUint64Array", value);
};

/** Refuses memory that is no ring, so that the hot paths need not look again. */
export function checkMemory(memory: RingMemory): void {
  anObject(memory, "The memory of a ring");
  const { size, data, consumer, producer } = memory;
  checkSize(size, "The size of a ring");
  aUint8Array(data, "The data of a ring");
  aPosition(consumer, "The consumer position of a ring");
  aPosition(producer, "The producer position of a ring");
  if (data.length < 2 * size || data.byteOffset % 8 !== 0) {
    throw new RangeError(`The data of a ring of ${size} bytes must be ${2 * size} bytes on an 8-byte boundary`);
  }
  if (consumer.length < 1 || producer.length < 1) {
    throw new RangeError("The positions of a ring must have one element each");
  }
}
