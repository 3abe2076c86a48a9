/** A thread that opens the ring that it is given, and does something with it until it ends. */
import { parentPort, workerData } from "node:worker_threads";
import type { RingBufHandle, UserRingBufHandle } from "../../src/map/ring-handles.ts";
import { openRingBuf, openUserRingBuf } from "../../src/workers/index.ts";

const { what, handle } = workerData as { what: string; handle: RingBufHandle & UserRingBufHandle };
const port = parentPort!;

async function write(): Promise<void> {
  const ring = await openUserRingBuf(handle);
  for (;;) {
    ring.trySend(new Uint8Array(16));
    const sample = await ring.reserveWhenFree(8, { timeoutMs: 1 }).catch(() => undefined);
    sample?.discard();
  }
}

switch (what) {
  case "exit-in-drain": {
    const ring = await openRingBuf(handle);
    ring.drain((record) => {
      process.on("exit", () => port.postMessage(record.length));
      process.exit();
    });
    break;
  }
  case "exit-with-sample": {
    const ring = await openUserRingBuf(handle);
    const { bytes } = ring.reserve(64);
    process.on("exit", () => {
      bytes.fill(7);
      port.postMessage(bytes[63]);
    });
    process.exit();
    break;
  }
  case "open":
    port.postMessage("begun");
    for (;;) (await openRingBuf(handle)).close();
  case "block": {
    port.postMessage("begun");
    const ring = await openRingBuf(handle);
    for (;;) ring.drainBlocking((record) => record.u64(0) < 0n);
  }
  case "loop": {
    port.postMessage("begun");
    for await (const batch of (await openRingBuf(handle)).batches()) for (const record of batch) record.u64(0);
    break;
  }
  default:
    port.postMessage("begun");
    await write();
}
