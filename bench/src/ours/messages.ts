/** Sends messages into the kernel through a user ring and has a program drain them, in a process of its own. */
import { load, type Program, type UserRingBuf } from "ebpf-ts";
import { objectPath } from "../paths.ts";
import { serveTurns } from "./turns.ts";

interface Command {
  readonly id: number;
  readonly kind: number;
  readonly first: number;
  readonly second: number;
}

/** As many as the peer submits with a system call. */
const batchSize = 4096;
const batch: readonly Command[] = Array.from({ length: batchSize }, (_, id) => ({ id, kind: 1, first: 2, second: 3 }));

async function send(ring: UserRingBuf<Command>, drain: Program, seconds: number): Promise<object> {
  const start = performance.now();
  let messages = 0;
  let now = start;
  while (now - start < seconds * 1000) {
    const sent = ring.sendMany(batch);
    const { returnValue } = await drain.run();
    if (sent !== batchSize || returnValue !== batchSize)
      throw new Error(`Of ${batchSize} messages, ${sent} were sent and ${returnValue | 0} drained`);
    messages += batchSize;
    now = performance.now();
  }
  return { nanoseconds: ((now - start) * 1e6) / messages };
}

await using bpf = await load(objectPath, { engine: "kernel" });
const ring = bpf.userRingBuf<Command>("commands");
const drain = bpf.program("drain_commands");
await serveTurns(async ({ seconds, warmUp }) => {
  await send(ring, drain, warmUp);
  return send(ring, drain, seconds);
});
