/** Blocks on the ring that it is given, and says how late it got each event. */
import { parentPort, workerData } from "node:worker_threads";
import type { RingBuf, RingBufHandle } from "ebpf-ts";
import { openRingBuf } from "ebpf-ts/workers";
import type { TurnRequest } from "../cases/turn.ts";

/** So that a turn ends when nobody produces. */
const timeoutMs = 100;

/** The clock of bpf_ktime_get_ns() is CLOCK_MONOTONIC, as hrtime's is on Linux. */
function read(ring: RingBuf, { seconds, warmUp }: TurnRequest): object {
  const nanoseconds: number[] = [];
  const start = performance.now() + warmUp * 1000;
  const end = start + seconds * 1000;
  for (let now = 0; now < end; now = performance.now()) {
    if (now < start) nanoseconds.length = 0;
    ring.drainBlocking((record) => void nanoseconds.push(Number(process.hrtime.bigint() - record.u64(0))), {
      timeoutMs,
    });
  }
  return { nanoseconds };
}

const ring = await openRingBuf(workerData as RingBufHandle);
parentPort!.on("message", (turn: TurnRequest) => parentPort!.postMessage(read(ring, turn)));
parentPort!.postMessage("ready");
