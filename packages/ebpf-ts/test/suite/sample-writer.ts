/** A thread that writes samples into a user ring that is shared with it. */
import { parentPort, workerData } from "node:worker_threads";
import type { UserRingBufHandle } from "../../src/map/ring-handles.ts";
import { openUserRingBuf } from "../../src/workers/open/open-shared.ts";

export interface Sample {
  producer: number;
  number: number;
  check: bigint;
}

export interface SampleWriterData {
  readonly handle: UserRingBufHandle<Sample>;
  readonly producer: number;
  readonly count: number;
}

const { handle, producer, count } = workerData as SampleWriterData;

function sample(number: number): Sample {
  return { producer, number, check: (BigInt(producer) << 32n) | BigInt(number) };
}

/** One after the other, or many at a time, as room allows. */
async function write(): Promise<void> {
  using ring = await openUserRingBuf(handle);
  let sent = 0;
  while (sent < count) {
    const size = Math.min(1 + (sent % 13), count - sent);
    if (size === 1 && ring.trySend(sample(sent))) sent += 1;
    else sent += ring.sendMany(Array.from({ length: size }, (_, i) => sample(sent + i)));
    // A sample that needs more room than there is waits for a drain.
    if (ring.free < 512) (await ring.reserveWhenFree(0, { timeoutMs: 60_000 })).discard();
  }
  parentPort!.postMessage(ring.sent);
}

await write();
