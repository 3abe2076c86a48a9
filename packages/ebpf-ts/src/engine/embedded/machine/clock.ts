/** The clocks that programs read, in nanoseconds. */
export interface Clock {
  /** CLOCK_MONOTONIC. */
  monotonic(): bigint;
  /** CLOCK_BOOTTIME: monotonic, and the time that the system was asleep. */
  boot(): bigint;
  /** CLOCK_REALTIME. */
  wall(): bigint;
}

interface NodeProcess {
  readonly hrtime?: { bigint?(): bigint };
  readonly versions?: object;
}

/**
 * The host's clocks, as far as plain JavaScript reaches them: under Node the monotonic one is the system's own, elsewhere it is the
 * page's, counted from the epoch; that of Bun and Deno begins with each process, or thread, and would not go with anybody
 * else's. Boot time is the monotonic one: nothing here tells of sleep.
 */
export function systemClock(): Clock {
  const { hrtime, versions = {} } = (globalThis as { process?: NodeProcess }).process ?? {};
  const isSystems = typeof hrtime?.bigint === "function" && !("bun" in versions) && !("deno" in versions);
  return clockOf(isSystems ? () => hrtime!.bigint!() : pageTime);
}

/** With a monotonic clock that the host has. */
export function clockOf(monotonic: () => bigint): Clock {
  return { monotonic, boot: monotonic, wall: pageTime };
}

function pageTime(): bigint {
  const milliseconds = performance.timeOrigin + performance.now();
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}
