/** A thread that opens a ring which is shared with it, and then does as it is told. */
import { parentPort, workerData } from "node:worker_threads";
import { pendingEnds } from "../../src/host/at-exit.ts";
import type { RingBufHandle, UserRingBufHandle } from "../../src/map/ring-handles.ts";
import { openRingBuf, openUserRingBuf } from "../../src/workers/index.ts";

export type Opened = RingBufHandle | { readonly user: UserRingBufHandle };
/** `drain` answers with the numbers of the records, `cycle` with how much more is to be done at its end after opening and closing it often. */
export type OpenerOrder = "drain" | "close" | "exit" | "cycle";

const handle = workerData as Opened;

async function open(): Promise<{
  close(): void;
  drain?(onRecord: (record: { u64(at: number): bigint }) => void): unknown;
}> {
  return "user" in handle ? openUserRingBuf(handle.user) : openRingBuf(handle);
}

async function cycle(): Promise<number> {
  const before = pendingEnds();
  for (let i = 0; i < 20; i += 1) (await open()).close();
  return pendingEnds() - before;
}

const ring = await open().catch((error: { code?: string; message: string }) => error);
if (!("close" in ring)) {
  parentPort!.postMessage({ refused: ring.code, message: ring.message });
  process.exit(0);
}
parentPort!.on("message", (order: OpenerOrder) => {
  const seen: number[] = [];
  if (order === "drain") ring.drain?.((record) => void seen.push(Number(record.u64(0))));
  if (order === "close") ring.close();
  if (order === "exit") process.exit(0);
  if (order === "cycle") void cycle().then((more) => parentPort!.postMessage(more));
  else parentPort!.postMessage(seen);
});
parentPort!.postMessage("open");
