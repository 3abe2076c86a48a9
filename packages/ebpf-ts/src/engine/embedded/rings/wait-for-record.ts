import { blockOn } from "../../../base/block-thread.ts";
import type { MachineRing } from "../machine/machine-map.ts";
import { hasRecord } from "./ring-bell.ts";

/**
 * Blocks this thread until the record at the head of the ring is committed, at most so many milliseconds. The bell is read before the
 * ring is looked at, so that a wake-up in between is seen as a change of the bell.
 */
export function waitForRecord(name: string, { memory, bell }: MachineRing, timeoutMs: number): boolean {
  const ready = hasRecord(memory);
  const end = performance.now() + timeoutMs;
  for (;;) {
    const seen = Atomics.load(bell, 0);
    if (ready()) return true;
    const left = end - performance.now();
    if (!(left > 0)) return false;
    blockOn(bell, seen, left, `wait for ring ${name}`, "loop over its events instead");
  }
}
