import { type Check, integer, showValue } from "../../../base/checks.ts";
import { nearName } from "../../../base/near-name.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aCookie } from "../../a-cookie.ts";
import { aProcess } from "../../a-process.ts";
import type { AttachKind } from "../../attach-kind.ts";
import { type PerfEventName, perfEvents } from "../../perf-events.ts";

/** An event of the processor or the kernel that is counted: the program runs once for so many of them (kernel engine, Linux 4.9). */
export interface PerfEventTarget {
  readonly kind: "perf_event";
  readonly event: PerfEventName;
  /** How many times a second it runs on each CPU, about: the kernel adapts the period. This, or `period`. */
  readonly frequency?: number | undefined;
  /** It runs once for so many events; of clocks, nanoseconds, at least 50,000. */
  readonly period?: number | undefined;
  /** One CPU alone; by default all that are online now. With `pid`, what the process does while it is on that CPU. */
  readonly cpu?: number | undefined;
  /** Only what this process does, in all of its threads, also those that it starts later (Linux 5.13); everybody when left out; 0 is this one. */
  readonly pid?: number | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 5.15); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

const anEvent: Check = (value, what) => {
  if (typeof value === "string" && Object.hasOwn(perfEvents, value)) return;
  const known = Object.keys(perfEvents);
  const near = typeof value === "string" ? nearName(value, known) : undefined;
  const hint = near === undefined ? `the events are ${known.join(", ")}` : `did you mean ${near}?`;
  throw new TypeError(`${what} must be the name of an event, not ${showValue(value)}: ${hint}`);
};

const most = Number.MAX_SAFE_INTEGER;
/** Nanoseconds, 20,000 times a second: in a virtual machine the kernel takes about half of that for a sample. */
const shortestMoment = 50_000;

const isClock = (event: PerfEventName): boolean => event === "cpu-clock" || event === "task-clock";

export const perfEvent: AttachKind<PerfEventTarget> = {
  kind: "perf_event",
  title: "a perf event",
  linkType: LinkType.PERF_EVENT,
  once: false,
  checks: {
    event: anEvent,
    frequency: integer(1, most),
    period: integer(1, most),
    cpu: integer(0, 0x7fff_ffff),
    pid: aProcess,
    cookie: aCookie,
  },
  needs: ["event"],
  check({ event, frequency, period }) {
    if ((frequency === undefined) === (period === undefined))
      throw new TypeError("attach() to a perf event needs a frequency, or a period, and not both");
    if (period !== undefined && isClock(event) && period < shortestMoment) {
      throw new RangeError(
        `The option period of attach() to a perf event is in nanoseconds for ${event}: at least ${shortestMoment}, not ${period}, or the processor does nothing else`,
      );
    }
  },
  parse: () => undefined,
  write: ({ event }) => event,
};
