/** A worker of the page: sends samples, then blocks until the answers to them are there. */
import { openRingBuf, openUserRingBuf } from "ebpf-ts/embedded";
import type { WebWorker, WorkerRequest } from "./page-worker.ts";

const count = 3;
const patienceMs = 60_000;
const page = globalThis as unknown as WebWorker;

page.addEventListener("message", ({ data }) => void work(data as WorkerRequest));

async function work({ events, samples }: WorkerRequest): Promise<void> {
  const [ring, userRing] = [await openRingBuf(events), await openUserRingBuf(samples)];
  for (let i = 0; i < count; i += 1) userRing.send({ i, comm: "worker" });
  page.postMessage(userRing.sent);
  let received = 0;
  while (received < count) {
    const { delivered } = ring.drainBlocking(() => {}, { timeoutMs: patienceMs });
    if (delivered === 0) break;
    received += delivered;
  }
  ring.close();
  page.postMessage(received);
}
