/** The values in arrays of up to so many. Where taking them throws, those before come first, and then the error. */
export function* chunksOf<T>(values: Iterable<T>, length: number): Generator<readonly T[]> {
  let chunk: T[] = [];
  try {
    for (const value of values) {
      if (chunk.push(value) < length) continue;
      yield chunk;
      chunk = [];
    }
  } catch (error) {
    yield chunk;
    throw error;
  }
  yield chunk;
}
