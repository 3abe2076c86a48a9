import type { EngineRing } from "../engine/ring.ts";
import { blockOn } from "../base/block-thread.ts";
import { NotSupportedError } from "../base/errors.ts";
import { sharedBytes } from "../base/shared-bytes.ts";
import { milliseconds } from "../base/checks.ts";
import { ringEmpty } from "../ring/reading.ts";
import type { EventConsumer } from "../ring/event-consumer.ts";

/** Looks at a record that is not committed yet before the first nap: most are, within microseconds. */
const spins = 200;
const longestNapMs = 1;

/**
 * Blocks this thread until there is a record to hand out, at most so many milliseconds. The consumer publishes its position before it
 * says that the ring is empty, and the engine looks at the ring once more before it sleeps, so that no wake-up is missed.
 *
 * A ring also counts as readable while its oldest record is reserved and not committed; that cannot be slept on, so there are
 * a few quick looks and then naps.
 */
export function blockForRecord(consumer: EventConsumer, ring: EngineRing, timeoutMs: number): boolean {
  if (ring.waitSync === undefined) {
    throw new NotSupportedError(
      "blocking",
      `Cannot wait for ring ${consumer.name}: its engine cannot block a thread, loop over its events instead`,
    );
  }
  milliseconds()(timeoutMs, "The timeoutMs of waitSync()");
  const end = performance.now() + timeoutMs;
  for (let lacks = 0; ; lacks += 1) {
    const found = consumer.lookAhead();
    if (found > 0 && consumer.ahead > 0) return true;
    if (found > 0) {
      // Discarded records only: passes them.
      consumer.readAhead();
      continue;
    }
    const left = end - performance.now();
    if (!(left > 0)) return false;
    if (found === ringEmpty) {
      if (!ring.waitSync(left)) return false;
      lacks = 0;
    } else if (lacks > spins) {
      nap(consumer.name, Math.min(left, longestNapMs));
    }
  }
}

let nothing: Int32Array | undefined;

function nap(name: string, ms: number): void {
  nothing ??= new Int32Array(sharedBytes(4));
  blockOn(nothing, 0, ms, `wait for ring ${name}`, "loop over its events instead");
}
