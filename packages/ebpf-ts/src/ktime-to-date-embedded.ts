import { systemClock } from "./engine/embedded/machine/clock.ts";
import { dateOf } from "./values/ktime.ts";

/** When it was that `bpf_ktime_get_ns` gave so many nanoseconds to a program of the embedded engine; to the millisecond. */
export function ktimeToDate(nanoseconds: bigint | number): Date {
  const clock = systemClock();
  return dateOf(nanoseconds, clock.monotonic(), clock.wall());
}
