/** Whether a thread lives is known by the kernel's number of it, and when it was started. */
import { setThreadLives, type ThreadLives } from "../../base/thread-lives.ts";
import { isThere, readIfThere } from "../system-files.ts";

/** PID_MAX_LIMIT is 2^22. */
const idBits = 22;
const idMask = (1 << idBits) - 1;
/** Of the start, in ticks of 10 ms: the kernel gives the number of a thread that is gone to another, in time. */
const startMask = 0xff;

/** To be called before this thread holds anything in memory that it shares: others can ask from then on whether it lives. Idempotent. */
export function knowThreads(): void {
  setThreadLives(kernelThreads);
}

const kernelThreads: ThreadLives = { own, isAlive };

function own(): number {
  return numberIn(readIfThere("/proc/thread-self/stat"));
}

/** The file is asked for first, since with no descriptor left none can be read. */
function isAlive(thread: number): boolean {
  const path = `/proc/self/task/${thread & idMask}/stat`;
  if (!isThere(path)) return false;
  const number = numberIn(readIfThere(path));
  return number === thread || (number === 0 && isThere(path));
}

/** Fields 1 and 22 of proc_pid_stat(5); the second is a name in parentheses, which may hold anything. 0 where there is no such text. */
function numberIn(stat: string | undefined): number {
  if (stat === undefined) return 0;
  const start = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ", 20)[19]);
  return ((start & startMask) << idBits) | (Number.parseInt(stat, 10) & idMask);
}
