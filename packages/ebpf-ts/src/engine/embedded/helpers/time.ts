import type { HelperGroup } from "./helper.ts";

/** International atomic time runs ahead of UTC, in nanoseconds (37 s since 2017). */
const atomicAhead = 37_000_000_000n;
/** Jiffies a second (CONFIG_HZ): a machine of its own has as many as Linux has by default. */
export const jiffiesPerSecond = 250n;
const jiffy = 1_000_000_000n / jiffiesPerSecond;

export const timeHelpers: HelperGroup = {
  ktime_get_ns: (run) => run.host.clock.monotonic(),
  ktime_get_boot_ns: (run) => run.host.clock.boot(),
  ktime_get_coarse_ns: (run) => (run.host.clock.monotonic() / jiffy) * jiffy,
  ktime_get_tai_ns: (run) => run.host.clock.wall() + atomicAhead,
  jiffies64: (run) => run.host.clock.monotonic() / jiffy,
};
