import { isAlive, nobody, ownThread } from "../../base/thread-lives.ts";

/**
 * Takes the one place of a reader, a word that is shared by all threads which have the handle: it holds the number of the reader's
 * thread. Gives what leaves it; undefined when somebody has it. A thread that was terminated could not leave it: its place is free when
 * there is no such thread any more, as far as the host can tell.
 */
export function claimReader(buffer: SharedArrayBuffer): (() => void) | undefined {
  const words = new Int32Array(buffer);
  const own = ownThread();
  for (;;) {
    const holder = Atomics.load(words, 0);
    if (holder !== nobody && isAlive(holder)) return undefined;
    if (Atomics.compareExchange(words, 0, holder, own) === holder) break;
  }
  let left = false;
  return () => {
    if (!left) Atomics.compareExchange(words, 0, own, nobody);
    left = true;
  };
}
