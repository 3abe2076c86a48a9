import type { EngineRingHandle, OpenedRing } from "../../engine/ring.ts";

/** What opening a shared ring takes of the host that a thread runs on. */
export interface ThreadHost {
  /** For the life of this thread. */
  openRing(handle: EngineRingHandle): Promise<OpenedRing>;
  /** At the end of this thread, where it can be told of. Gives what takes it back. */
  atExit(end: () => void): () => void;
}
