/** Threads that block on a ring that is shared with them. */
import { parentPort, workerData } from "node:worker_threads";
import type { RingBufHandle } from "../../src/map/ring-handles.ts";
import { openRingBuf } from "../../src/workers/open/open-shared.ts";

export interface BlockingReaderData {
  readonly reader: RingBufHandle<{ value: bigint }>;
  /** Reads so many records, and ends. */
  readonly count: number;
  readonly timeoutMs: number;
  /** Int32: 0 counts the records that were read; 1 the drains that gave nothing. */
  readonly progress: Int32Array;
}

/** Commits a record without a word to anybody, after a while. */
export interface LateCommitData {
  readonly header: Int32Array;
  readonly length: number;
  readonly afterMs: number;
}

async function read({ reader, count, timeoutMs, progress }: BlockingReaderData): Promise<bigint[]> {
  using ring = await openRingBuf(reader);
  const seen: bigint[] = [];
  while (seen.length < count) {
    const { delivered } = ring.drainBlocking((record) => void seen.push(record.u64(0)), { timeoutMs });
    Atomics.add(progress, delivered === 0 ? 1 : 0, delivered === 0 ? 1 : delivered);
  }
  return seen;
}

const data = workerData as Partial<BlockingReaderData & LateCommitData> | null;
if (parentPort !== null && data?.reader !== undefined) {
  parentPort.postMessage("ready");
  parentPort.postMessage(await read(data as BlockingReaderData));
} else if (parentPort !== null && data?.afterMs !== undefined) {
  const { header, length, afterMs } = data as LateCommitData;
  setTimeout(() => Atomics.store(header, 0, length), afterMs);
}
