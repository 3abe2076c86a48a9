import type { HelperTable } from "./helper.ts";
import type { Execute, RunHost } from "./run.ts";

/**
 * A way to run programs: the interpreter, or a compiler beside it. Functions do not travel to other threads, so that an image says the
 * name of its executor, and every thread that opens the image opens the executor too.
 */
export interface Executor {
  /** For one thread's view of a machine, before its first run. */
  open(machine: RunHost, helpers: HelperTable): Execute;
}
