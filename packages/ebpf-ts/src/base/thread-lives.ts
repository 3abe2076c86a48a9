/**
 * Threads that share memory, told apart by a number each: it stands in what a thread holds there (a lock, a claim, a record that it has
 * reserved), so that another can ask whether the holder is gone, and take over. The rule for all of them is in docs/concurrency.md.
 *
 * ```text
 *   bit 31       0: the word's own
 *   bit 30       1: the host cannot tell of this thread's end, so that it counts as alive for ever; the other bits are by chance
 *   bits 0..29   the host's (host/threads/thread-lives.ts)
 * ```
 */
export interface ThreadLives {
  /** The number of this thread; {@link nobody} where the host has none. */
  own(): number;
  /** In doubt yes. */
  isAlive(thread: number): boolean;
}

/** The number of no thread. */
export const nobody = 0;
/** Of a word: where the number of a thread stands in it. */
export const threadMask = 0x7fff_ffff;

const unknown = 1 << 30;

let host: ThreadLives = { own: () => nobody, isAlive: () => true };
let own = nobody;

/** To be called before this thread holds anything. */
export function setThreadLives(lives: ThreadLives): void {
  if (host === lives) return;
  host = lives;
  own = nobody;
}

/** The number of this thread. */
export function ownThread(): number {
  if (own === nobody) own = host.own() || unknown | Math.floor(Math.random() * unknown);
  return own;
}

/** Whether a thread may still give back what it holds. Asks the system: 2 µs. */
export function isAlive(thread: number): boolean {
  return (thread & unknown) !== 0 || thread === own || host.isAlive(thread);
}
