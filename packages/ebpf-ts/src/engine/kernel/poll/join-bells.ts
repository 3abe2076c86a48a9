import type { RingBell } from "../../../ring/ring-memory.ts";

/** A bell for each of `fds` under one. Those that have not rung stay armed. */
export function joinBells(fds: readonly number[], open: (fd: number) => RingBell): RingBell {
  const bells: RingBell[] = [];
  const close = (): void => {
    for (const bell of bells) bell.close();
  };
  try {
    for (const fd of fds) bells.push(open(fd));
  } catch (error) {
    close();
    throw error;
  }
  return {
    arm: () => {
      for (const bell of bells) bell.arm();
    },
    close,
  };
}
