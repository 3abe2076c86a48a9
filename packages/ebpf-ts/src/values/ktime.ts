const nanosecondsPerMillisecond = 1_000_000n;

/** A time of one clock as a date, by what two clocks show now. */
export function dateOf(nanoseconds: bigint | number, monotonic: bigint, wall: bigint): Date {
  if (typeof nanoseconds !== "bigint" && !Number.isInteger(nanoseconds))
    throw new TypeError("The time of ktimeToDate() must be a whole number of nanoseconds");
  return new Date(Number((wall - monotonic + BigInt(nanoseconds)) / nanosecondsPerMillisecond));
}

/** Since the epoch. */
export function wallNs(): bigint {
  return BigInt(Date.now()) * nanosecondsPerMillisecond;
}
