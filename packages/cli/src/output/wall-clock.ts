import { ktimeToDate } from "ebpf-ts";

/** When the clock of `bpf_ktime_get_ns` was 0, in milliseconds: asked once, so that what was later is shown as later. */
const start = ktimeToDate(0n).getTime();
const nanosecondsPerMillisecond = 1_000_000n;

export function wallClock(time: bigint): Date {
  return new Date(start + Number(time / nanosecondsPerMillisecond));
}

/** Of this host's time zone: 23:59:59.999. */
export function clockText(date: Date): string {
  const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part));
  return `${hours}:${minutes}:${seconds}.${pad(date.getMilliseconds(), 3)}`;
}
