/** Things that stand at a slot, in order. Binary searches keep large and hostile files linear. */
export function sortBySlot<T extends { readonly slot: number }>(entries: readonly T[] | undefined): readonly T[] {
  return [...(entries ?? [])].sort((a, b) => a.slot - b.slot);
}

/** Copies of the entries from `start` to before `end`, with slots that count from `start`. */
export function takeRange<T extends { slot: number }>(sorted: readonly T[], start: number, end: number): T[] {
  const taken: T[] = [];
  for (let index = lowerBound(sorted, start); index < sorted.length; index++) {
    const entry = sorted[index] as T;
    if (entry.slot >= end) break;
    taken.push({ ...entry, slot: entry.slot - start });
  }
  return taken;
}

function lowerBound(sorted: readonly { readonly slot: number }[], slot: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as { readonly slot: number }).slot < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
