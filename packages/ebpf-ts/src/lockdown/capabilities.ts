import { namesIn, readIfThere } from "../host/system-files.ts";

export const CAP_SETGID = 6n;
export const CAP_SETUID = 7n;

/** Sets of capabilities, as bits. */
export interface Capabilities {
  /** What this thread may use now. */
  readonly effective: bigint;
  /** All that any thread of the process has, or may take. */
  readonly any: bigint;
}

/**
 * Capabilities belong to threads: capset(2) empties those of the thread that calls it, and the C library has no call for all. Undefined
 * where there is no /proc to tell.
 */
export function capabilitiesOfProcess(): Capabilities | undefined {
  const own = readIfThere("/proc/thread-self/status") ?? readIfThere("/proc/self/status");
  if (own === undefined) return undefined;
  // A thread may end while it is asked.
  const all = threadIds().flatMap((tid) => readIfThere(`/proc/self/task/${tid}/status`) ?? []);
  return { effective: setOf(own, "Eff"), any: all.reduce((any, status) => any | allSets(status), allSets(own)) };
}

export function hasCapability(set: bigint, capability: bigint): boolean {
  return (set & (1n << capability)) !== 0n;
}

function threadIds(): readonly string[] {
  try {
    return namesIn("/proc/self/task");
  } catch {
    return [];
  }
}

/** Not the inheritable ones, which count when a file brings them along, and so never again. */
function allSets(status: string): bigint {
  return setOf(status, "Prm") | setOf(status, "Eff") | setOf(status, "Amb");
}

function setOf(status: string, name: string): bigint {
  const text = new RegExp(`^Cap${name}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1];
  return text === undefined ? 0n : BigInt(`0x${text}`);
}
