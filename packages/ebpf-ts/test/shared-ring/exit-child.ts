/** How a process ends that has a ring: `idle` after a loop, `waiting` in one, or by `exit` from within one. */
import { writeSync } from "node:fs";
import { SharedRing } from "../../src/shared-ring/shared-ring.ts";

const how = process.argv[2];
const ring = SharedRing.create({ size: 4096 });
const producer = ring.producer();
const consumer = ring.consumer();

for await (const _ of consumer.events({ until: new Promise((resolve) => setTimeout(resolve, 20)) }));
producer.send(new Uint8Array(4088));
await producer.reserveWhenFree(8, { timeoutMs: 10 }).catch(() => {});
consumer.drain(() => {});
writeSync(1, "ready\n");
if (how !== "idle") void consumer.events().next();
// Without the loop the process ends before: this timer does not keep it.
if (how === "waiting") setTimeout(() => process.exit(4), 300).unref();
if (how === "exit") setTimeout(() => process.exit(3), 50);
