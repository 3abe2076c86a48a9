import { monotonicNs } from "./sys/process/clock.ts";
import { dateOf, wallNs } from "./values/ktime.ts";

/**
 * When it was that `bpf_ktime_get_ns` (CLOCK_MONOTONIC, which stands still while the machine sleeps) gave so many nanoseconds: to the
 * millisecond, by how the clocks of this host stand to each other now. A time before the machine slept, or before its clock was set, is off by
 * that. Bun and Deno count from the start of the process: there the system is asked through koffi, and where koffi cannot be loaded the time
 * is to ten milliseconds, and off by as long as the machine has slept at all.
 * Throws TypeError for what is no whole number.
 */
export function ktimeToDate(nanoseconds: bigint | number): Date {
  return dateOf(nanoseconds, monotonicNs(), wallNs());
}
