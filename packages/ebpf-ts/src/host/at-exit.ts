/** What is to be done at the end of this thread; of the process, in its main thread. One listener, however many come and go. */
const ends = new Set<{ readonly end: () => void }>();

/** `end` is done when this thread ends by itself: one that is terminated does nothing more. Gives what takes it back, which is idempotent. */
export function atExit(end: () => void): () => void {
  if (ends.size === 0) process.on("exit", endAll);
  const entry = { end };
  ends.add(entry);
  return () => {
    if (ends.delete(entry) && ends.size === 0) process.off("exit", endAll);
  };
}

/** How many are to be done: tests ask whether nothing is left behind. */
export function pendingEnds(): number {
  return ends.size;
}

/** What came last goes first, for it may stand on what was there before. One that throws keeps no other from being done. */
function endAll(): void {
  const errors: unknown[] = [];
  for (const entry of [...ends].reverse()) {
    if (!ends.delete(entry)) continue;
    try {
      entry.end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
