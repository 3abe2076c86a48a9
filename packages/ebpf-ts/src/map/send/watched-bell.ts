import type { RingBell } from "../../ring/ring-memory.ts";

/** Milliseconds. */
const pause = 20;

/** A bell beside which somebody looks, while it is armed, after what could keep it from ringing for ever. `look` throws nothing. */
export function watchedBell(
  make: (onRing: () => void) => RingBell,
  onRing: () => void,
  needed: () => boolean,
  look: () => void,
): RingBell {
  let timer: ReturnType<typeof setInterval> | undefined;
  const bell = make(() => {
    clearInterval(timer);
    onRing();
  });
  return {
    arm: () => {
      clearInterval(timer);
      if (needed()) timer = setInterval(look, pause);
      bell.arm();
    },
    close: () => {
      clearInterval(timer);
      bell.close();
    },
  };
}
