/** Memory of which plain typed arrays are in the hands of users, who may write it whatever its views refuse. */
const out = new WeakSet<ArrayBufferLike>();

export function handOut<T extends ArrayBufferView>(array: T): T {
  out.add(array.buffer);
  return array;
}

export function isHandedOut(memory: ArrayBufferView): boolean {
  return out.has(memory.buffer);
}
