import { InvalidArgumentError } from "commander";

/** Seconds; timers take no more (Node fires at once instead). */
const longestDuration = Math.floor((2 ** 31 - 1) / 1000);

export function parseCount(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isSafeInteger(value))) throw new InvalidArgumentError("It takes a whole number above 0.");
  return value;
}

/** PID_MAX_LIMIT */
const largestPid = 2 ** 22;
/** The one after it means none. */
const largestUid = 2 ** 32 - 2;

/** Of a process that is there: nothing would ever be seen of another. */
export function parsePid(text: string): number {
  const pid = parseWhole(text, 1, largestPid, "the number of a process");
  if (isGone(pid)) throw new InvalidArgumentError(`There is no process ${pid}.`);
  return pid;
}

function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch (error) {
    // It is there, and not ours, where the kernel says EPERM.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

export function parseUid(text: string): number {
  return parseWhole(text, 0, largestUid, "the number of a user");
}

function parseWhole(text: string, least: number, most: number, what: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`It takes ${what}, from ${least} to ${most}.`);
}

/** Seconds. */
export function parseDuration(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= longestDuration)) {
    throw new InvalidArgumentError(`It takes a number of seconds above 0, ${longestDuration} at most.`);
  }
  return value;
}

export function parsePrintWidth(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 40 && value <= 1000)) {
    throw new InvalidArgumentError("It takes a whole number from 40 to 1000.");
  }
  return value;
}
