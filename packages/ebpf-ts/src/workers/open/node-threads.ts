import { atExit } from "../../host/at-exit.ts";
import { isThere, linkTarget } from "../../host/system-files.ts";
import { type ThreadHost, unknownThread } from "../handles/thread-host.ts";
import { openRing } from "./open-ring.ts";

/** The kernel's own numbers of threads tell which of them is gone. */
export const nodeThreads: ThreadHost = { openRing: (handle) => openRing(handle), atExit, ownThread, isAlive };

function ownThread(): number {
  try {
    return Number(/\d+$/.exec(linkTarget("/proc/thread-self"))![0]);
  } catch {
    return unknownThread;
  }
}

function isAlive(thread: number): boolean {
  return thread === unknownThread || isThere(`/proc/self/task/${thread}`);
}
