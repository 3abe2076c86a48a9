import type { EngineMap } from "../../engine/map.ts";

export type RawEntry = readonly [key: Uint8Array, value: Uint8Array];

/** How many entries one batch asks for; the kernel hands out whole hash buckets, so that it is only a wish. */
const batchSize = 256;
/** Entries that are written or deleted in one call. */
const mostWritten = 4096;

/**
 * All keys. A map that programs change meanwhile is read as the kernel allows; when the key at hand is deleted, the kernel starts anew,
 * so the walk ends after as many steps as the map has room. `map` is asked for at each step: it may be closed in between.
 */
export function* rawKeys(map: () => EngineMap): Generator<Uint8Array> {
  const most = map().info.maxEntries;
  let key = map().nextKey(undefined);
  for (let step = 0; key !== undefined && step < most; step += 1) {
    yield key;
    key = map().nextKey(key);
  }
}

/** All entries, many in one call where the engine has that, under the same terms. */
export function* rawEntries(map: () => EngineMap): Generator<RawEntry> {
  if (map().lookupBatch) {
    yield* inBatches(map);
    return;
  }
  for (const key of rawKeys(map)) {
    const value = map().lookup(key);
    if (value !== undefined) yield [key, value];
  }
}

function* inBatches(map: () => EngineMap): Generator<RawEntry> {
  let cursor: Uint8Array | undefined;
  do {
    const batch = map().lookupBatch!(cursor, batchSize);
    for (const [i, key] of batch.keys.entries()) {
      map();
      yield [key, batch.values[i]!];
    }
    cursor = batch.next;
  } while (cursor !== undefined);
}

/** Writes the entries in their order. `onFailure` is told which one was refused, and throws. */
export function writeMany(
  map: EngineMap,
  entries: readonly RawEntry[],
  flags: number,
  onFailure: (index: number, error: unknown) => never,
): void {
  for (let at = 0; at < entries.length;) {
    const some = entries.slice(at, at + mostWritten);
    // The kernel takes no other mode in batches.
    const done = flags === 0 ? (map.updateBatch?.(some) ?? 0) : 0;
    at += done;
    const next = entries[at];
    if (next === undefined || done === some.length) continue;
    try {
      map.update(next[0], next[1], flags);
    } catch (error) {
      onFailure(at, error);
    }
    at += 1;
  }
}

/** How many of the keys there were. `onFailure` is told also how many were deleted. */
export function deleteMany(
  map: EngineMap,
  keys: readonly Uint8Array[],
  onFailure: (index: number, error: unknown, deleted: number) => never,
): number {
  let deleted = 0;
  for (let at = 0; at < keys.length;) {
    const some = keys.slice(at, at + mostWritten);
    const done = map.deleteBatch?.(some) ?? 0;
    at += done;
    deleted += done;
    const next = keys[at];
    if (next === undefined || done === some.length) continue;
    try {
      if (map.delete(next)) deleted += 1;
    } catch (error) {
      onFailure(at, error, deleted);
    }
    at += 1;
  }
  return deleted;
}
