import { ktimeToDate } from "ebpf-ts";

/** When the clock of `bpf_ktime_get_ns` was 0, in milliseconds: asked once, so that what was later is shown as later. */
const start = ktimeToDate(0n).getTime();
const nanosecondsPerMillisecond = 1_000_000n;

/** How far that clock is ahead of the runtime's, in nanoseconds: Bun and Deno count from the start of the process. There it is to a millisecond. */
const ahead = ["bun", "deno"].some((name) => name in process.versions)
  ? BigInt(Date.now() - start) * nanosecondsPerMillisecond - process.hrtime.bigint()
  : 0n;

/** The clock of `bpf_ktime_get_ns`. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint() + ahead;
}

export function wallClock(time: bigint): Date {
  return new Date(start + Number(time / nanosecondsPerMillisecond));
}

/** Of this host's time zone: 23:59:59.999. */
export function clockText(date: Date): string {
  const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part));
  return `${hours}:${minutes}:${seconds}.${pad(date.getMilliseconds(), 3)}`;
}
