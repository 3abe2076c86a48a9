import type { EngineRingHandle, OpenedRing } from "../../engine/ring.ts";

/** What opening a shared ring takes of the host that a thread runs on. */
export interface ThreadHost {
  /** For the life of this thread. */
  openRing(handle: EngineRingHandle): Promise<OpenedRing>;
  /** At the end of this thread, where it can be told of. Gives what takes it back. */
  atExit(end: () => void): () => void;
  /** A number for this thread that others can ask {@link isAlive} of; {@link unknownThread} where there are none. */
  ownThread(): number;
  isAlive(thread: number): boolean;
}

export const unknownThread = -1;
