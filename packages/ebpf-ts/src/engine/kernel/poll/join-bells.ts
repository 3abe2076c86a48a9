import type { RingBell } from "../../../ring/ring-memory.ts";

/** One of several bells that ring for the same reader. */
export interface PartBell extends RingBell {
  /** Another one has rung: it may ring as well, but nobody waits for it, and it does not keep the process alive. */
  letGo(): void;
}

/** A bell for each of `fds` under one. */
export function joinBells(
  fds: readonly number[],
  open: (fd: number, onRing: () => void) => PartBell,
  onRing: () => void,
): RingBell {
  const bells: PartBell[] = [];
  const close = (): void => {
    for (const bell of bells) bell.close();
  };
  const ring = (): void => {
    for (const bell of bells) bell.letGo();
    onRing();
  };
  try {
    for (const fd of fds) bells.push(open(fd, ring));
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
