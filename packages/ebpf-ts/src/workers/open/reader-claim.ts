import { isThere, linkTarget } from "../../host/system-files.ts";

const nobody = 0;
/** Somebody, where threads have no numbers that others can ask for. */
const unknown = -1;

/**
 * Takes the one place of a reader, a word that is shared by all threads which have the handle: it holds the number that the kernel
 * has for the reader's thread, or 0. Gives what leaves it; undefined when somebody has it. A thread that was terminated could not leave it:
 * its place is free when the kernel has no such thread any more.
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

function ownThread(): number {
  try {
    return Number(/\d+$/.exec(linkTarget("/proc/thread-self"))![0]);
  } catch {
    return unknown;
  }
}

function isAlive(thread: number): boolean {
  return thread === unknown || isThere(`/proc/self/task/${thread}`);
}
