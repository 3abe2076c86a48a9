/**
 * Injects into an event ring, in a process of its own, and reads what it injected: for each line of its input. It also pins, in a
 * folder, the user ring that the peer has drained.
 *   inject.js FOLDER [bytes]     bytes: records are given as they are, and not encoded
 */
import { mkdirSync } from "node:fs";
import { load, type RingBuf } from "ebpf-ts";
import type { TurnRequest } from "../cases/turn.ts";
import { drainObject } from "../objects.ts";
import { objectPath } from "../paths.ts";
import { serveTurns } from "./turns.ts";

interface Event {
  readonly time: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly cpu: number;
  readonly kind: number;
  readonly comm: string;
}

/** As the peer's samples: few enough for the user ring of 256 KiB. */
const batchSize = 3000;
const eventBytes = 40;

const events: readonly Event[] = Array.from({ length: batchSize }, (_, i) => ({
  time: BigInt(i),
  pid: i,
  tid: 2,
  cpu: 3,
  kind: 4,
  comm: "producer",
}));
const bytes: readonly Uint8Array[] = events.map(() => new Uint8Array(eventBytes));

/** Of this process, in nanoseconds: what it was kept from by others says nothing of the cost. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Reading is not counted. */
async function inject(ring: RingBuf<Event>, batch: readonly (Event | Uint8Array)[], seconds: number): Promise<object> {
  const end = performance.now() + seconds * 1000;
  let spent = 0;
  let records = 0;
  while (performance.now() < end) {
    const began = cpuTime();
    const injected = await ring.injectMany(batch);
    spent += cpuTime() - began;
    records += injected;
    const { delivered } = ring.drain(() => {});
    if (injected !== batchSize || delivered !== batchSize)
      throw new Error(`Of ${batchSize} records, ${injected} were injected and ${delivered} read`);
  }
  return { nanoseconds: spent / records };
}

async function main(folder: string, form?: string): Promise<void> {
  await using drained = await load(drainObject, { engine: "kernel" });
  await using bpf = await load(objectPath, { engine: "kernel" });
  const ring = bpf.ringBuf<Event>("events");
  mkdirSync(folder);
  drained.userRingBuf("samples").pin(`${folder}/samples`);
  drained.program("drain_samples").pin(`${folder}/drain`);
  const batch = form === "bytes" ? bytes : events;
  await serveTurns<TurnRequest>(async ({ seconds, warmUp }) => {
    await inject(ring, batch, warmUp);
    return inject(ring, batch, seconds);
  });
}

await main(...(process.argv.slice(2) as [string, string?]));
