/** A thread that loads objects, attaches them, waits for a ring and walks an iterator, and then ends in one of these ways. */
import { parentPort, workerData } from "node:worker_threads";
import { load } from "../../src/index.ts";

export type End = "by itself" | "process.exit" | "an error" | "terminate";

const { path, killNumber, end } = workerData as { path: string; killNumber: number; end: End };
const bpf = await load(path, {
  engine: "kernel",
  variables: { process: process.pid, kill_number: killNumber },
  programs: { "*": { load: false }, raw: { load: true }, "*_walk": { load: true, attach: false } },
});
await bpf.attach();
await bpf.program("first_walk").attach();
const ring = bpf.ringBuf("runs");
const events = ring[Symbol.asyncIterator]();
process.kill(process.pid, 0);
await events.next();
parentPort!.postMessage(bpf.links.map(({ info }) => info.id));
if (end === "by itself") {
  await new Promise((resolve) => parentPort!.once("message", resolve));
} else {
  parentPort!.on("message", () => {
    if (end === "process.exit") process.exit(0);
    throw new Error("as told");
  });
  // Armed, so that a thread of the poller's sleeps for it.
  await events.next();
}
