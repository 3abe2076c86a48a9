/**
 * Injects into an event ring, in a process of its own, and reads what it injected: for each line of its input. It also pins, in a
 * folder, the user ring that the peer has drained.
 *   inject.js FOLDER [objects|bytes]     given as values that are encoded, or as bytes, in place of written in place
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

/** As the peer does: each member, where it belongs in the ring. */
function writeEvent(view: DataView, offset: number, index: number): void {
  view.setUint32(offset, index, true);
  view.setUint32(offset + 4, 0, true);
  view.setUint32(offset + 8, index, true);
  view.setUint32(offset + 12, 2, true);
  view.setUint32(offset + 16, 3, true);
  view.setUint32(offset + 20, 4, true);
  view.setFloat64(offset + 24, producer, true);
  view.setFloat64(offset + 32, 0, true);
}

const producer = new DataView(new TextEncoder().encode("producer").buffer).getFloat64(0, true);

const ways: Readonly<Record<string, (ring: RingBuf<Event>) => Promise<number>>> = {
  fill: (ring) => ring.injectFill(batchSize, eventBytes, writeEvent),
  objects: (ring) => ring.injectMany(events),
  bytes: (ring) => ring.injectMany(bytes),
};

/** Reading is not counted. */
async function inject(ring: RingBuf<Event>, batch: () => Promise<number>, seconds: number): Promise<object> {
  const end = performance.now() + seconds * 1000;
  let spent = 0;
  let records = 0;
  while (performance.now() < end) {
    const began = cpuTime();
    const injected = await batch();
    spent += cpuTime() - began;
    records += injected;
    const { delivered } = ring.drain(() => {});
    if (injected !== batchSize || delivered !== batchSize)
      throw new Error(`Of ${batchSize} records, ${injected} were injected and ${delivered} read`);
  }
  return { nanoseconds: spent / records };
}

async function main(folder: string, way = "fill"): Promise<void> {
  await using drained = await load(drainObject, { engine: "kernel" });
  await using bpf = await load(objectPath, { engine: "kernel" });
  const ring = bpf.ringBuf<Event>("events");
  mkdirSync(folder);
  drained.userRingBuf("samples").pin(`${folder}/samples`);
  drained.program("drain_samples").pin(`${folder}/drain`);
  const batch = (): Promise<number> => ways[way]!(ring);
  await serveTurns<TurnRequest>(async ({ seconds, warmUp }) => {
    await inject(ring, batch, warmUp);
    return inject(ring, batch, seconds);
  });
}

await main(...(process.argv.slice(2) as [string, string?]));
