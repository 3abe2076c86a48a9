import { type Checks, checkOptions } from "../base/check-options.ts";
import { aPath, aString, type Check, integer } from "../base/checks.ts";

/** Whose events reach the programs: the commands' of `spawn()` and their descendants', or everybody's. */
export type ScopeName = "command" | "system";

/** Which tasks' events reach the attached programs: those of which all that is given holds. */
export interface EventFilter {
  /** A process, with all its threads, by the number that it has for this process. Not its children. */
  readonly pid?: number | undefined;
  /** The name of a thread, as `ps -o comm` shows it: 15 bytes at most, and the first 15 of an executable's. */
  readonly comm?: string | undefined;
  /** Whose it is: the real user. */
  readonly uid?: number | undefined;
  /**
   * For all that is in that cgroup (cgroups(7), version 2), and below: its folder, or its path in the hierarchy, as /proc/PID/cgroup has it.
   * `Collection.scope` tells the folder.
   */
  readonly cgroup?: string | undefined;
}

/** How a collection's events are limited. */
export interface EventScope {
  /** `system` until the first `spawn()`, where load() was told neither. */
  readonly of: ScopeName;
  readonly filter: EventFilter;
  /** Programs that get all events all the same, since it is not the current task whose they are: and why, a sentence each. */
  readonly exceptions: readonly ScopeException[];
}

/** A program to which the scope means nothing. */
export interface ScopeException {
  readonly program: string;
  readonly reason: string;
}

/** TASK_COMM_LEN without the NUL. */
const longestComm = 15;

const aComm: Check = (value, what) => {
  aString(value, what);
  const size = new TextEncoder().encode(value as string).length;
  if (size > longestComm || size === 0 || (value as string).includes("\0")) {
    throw new RangeError(
      `${what} is the name of a task: 1 to ${longestComm} bytes, none of them 0, of a longer name the first ${longestComm}`,
    );
  }
};

const filterChecks: Checks<EventFilter> = {
  pid: integer(1, 2 ** 22),
  comm: aComm,
  uid: integer(0, 2 ** 32 - 2),
  cgroup: aPath,
};

export const aFilter: Check = (value, what) =>
  checkOptions(value as EventFilter, filterChecks, what.replace(/^The/, "the"));

/** Whether it lets everything pass. */
export function isEmptyFilter(filter: EventFilter): boolean {
  return Object.values(filter).every((value) => value === undefined);
}
