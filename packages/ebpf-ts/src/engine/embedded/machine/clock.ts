/** The clocks that programs read, in nanoseconds. */
export interface Clock {
  /** CLOCK_MONOTONIC. */
  monotonic(): bigint;
  /** CLOCK_BOOTTIME: monotonic, and the time that the system was asleep. */
  boot(): bigint;
  /** CLOCK_REALTIME. */
  wall(): bigint;
}

interface HighResolution {
  readonly hrtime?: { bigint?(): bigint };
}

/**
 * The host's clocks, as far as plain JavaScript reaches them: under Node, Bun and Deno the monotonic one is the system's
 * own, elsewhere it is the page's, counted from the epoch. Boot time is the monotonic one: nothing here tells of sleep.
 */
export function systemClock(): Clock {
  const hrtime = (globalThis as { process?: HighResolution }).process?.hrtime;
  const monotonic = typeof hrtime?.bigint === "function" ? (): bigint => hrtime.bigint!() : pageTime;
  return { monotonic, boot: monotonic, wall: pageTime };
}

function pageTime(): bigint {
  const milliseconds = performance.timeOrigin + performance.now();
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}
