/** Dispatches the events of a ring to worker threads, in a process of its own: for each line of its input. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Collection, load, type RingBuf } from "ebpf-ts";
import { dispatchToWorkers } from "ebpf-ts/workers";
import type { TurnRequest } from "../cases/turn.ts";
import { objectPath } from "../paths.ts";
import { serveTurns } from "./turns.ts";

interface Turn extends TurnRequest {
  readonly workers: number;
}

/** Far more than are handled between two looks. */
const waitingEvents = 2000;
const recordBytes = 48;
const lookMs = 5;

/** Runs the producer when less than half is left, so that no worker ever waits for an event. */
async function keepFull(bpf: Collection, ring: RingBuf, stop: AbortSignal): Promise<void> {
  const producer = bpf.program("produce_40");
  const request = new BigUint64Array([BigInt(waitingEvents), 0n, 0n, 0n, 0n]);
  const context = new Uint8Array(request.buffer);
  while (!stop.aborted) {
    if (ring.available < (waitingEvents / 2) * recordBytes) await producer.run({ context });
    await sleep(lookMs);
  }
}

async function measure(handled: Int32Array, { seconds, warmUp }: Turn): Promise<object> {
  while (handled.some((_, worker) => Atomics.load(handled, worker) === 0)) await sleep(lookMs);
  await sleep(warmUp * 1000);
  const sum = (): number => handled.reduce((total, _, worker) => total + Atomics.load(handled, worker), 0);
  const first = sum();
  const start = performance.now();
  await sleep(seconds * 1000);
  return { events: sum() - first, seconds: (performance.now() - start) / 1000 };
}

async function run(turn: Turn): Promise<object> {
  await using bpf = await load(objectPath, { engine: "kernel" });
  const ring = bpf.ringBuf("events");
  const handled = new Int32Array(new SharedArrayBuffer(4 * turn.workers));
  const stop = new AbortController();
  const { signal } = stop;
  const module = new URL("./dispatch-handler.js", import.meta.url);
  const dispatched = dispatchToWorkers(ring, module, { workers: turn.workers, data: handled, signal });
  const full = keepFull(bpf, ring, signal);
  try {
    return await Promise.race([measure(handled, turn), dispatched.then(() => new Promise<never>(() => {}))]);
  } finally {
    stop.abort();
    await Promise.all([dispatched, full]);
  }
}

await serveTurns(run);
