/** What is to be done at the end of this thread: one listener, however many rings come and go. */
const ends = new Set<() => void>();

/** What was opened last goes first: it may stand on what was opened before. */
function endAll(): void {
  for (const end of [...ends].reverse()) end();
}

/** Gives what takes it back. A thread that is terminated does nothing at its end. */
export function atThreadEnd(end: () => void): () => void {
  if (ends.size === 0) process.on("exit", endAll);
  ends.add(end);
  return () => {
    if (ends.delete(end) && ends.size === 0) process.off("exit", endAll);
  };
}
