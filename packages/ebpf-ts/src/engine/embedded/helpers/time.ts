import type { HelperGroup } from "./helper.ts";

/** International atomic time runs ahead of UTC, in nanoseconds (37 s since 2017). */
const atomicAhead = 37_000_000_000n;
/** A machine of its own counts its jiffies as Linux does by default: 250 a second. */
const jiffy = 4_000_000n;

export const timeHelpers: HelperGroup = {
  ktime_get_ns: (run) => run.host.clock.monotonic(),
  ktime_get_boot_ns: (run) => run.host.clock.boot(),
  ktime_get_coarse_ns: (run) => (run.host.clock.monotonic() / jiffy) * jiffy,
  ktime_get_tai_ns: (run) => run.host.clock.wall() + atomicAhead,
  jiffies64: (run) => run.host.clock.monotonic() / jiffy,
};
