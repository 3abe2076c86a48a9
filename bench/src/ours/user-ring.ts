/**
 * Our producer, in a process of its own: loads the object, pins the user ring and the program that drains it, then runs a
 * turn for each line of its input.
 *   user-ring.js FOLDER MODE
 */
import { mkdirSync } from "node:fs";
import { load, type Program, type UserRingBuf } from "ebpf-ts";
import type { UserRingMode } from "../cases/user-ring.ts";
import { objectPath } from "../paths.ts";
import { serveTurns } from "./turns.ts";

/** As many as fit: a sample takes 24 bytes of 1 MiB. */
const samplesPerTurn = 40_000;
const batchSize = 500;
const sampleBytes = 16; // struct command

let nextId = 0;

/** As the peer does: each member, where it belongs in the ring. */
function writeCommand(view: DataView, offset: number): void {
  view.setUint32(offset, nextId++, true);
  view.setUint32(offset + 4, 1, true);
  view.setUint32(offset + 8, 2, true);
  view.setUint32(offset + 12, 3, true);
}

/** When the ring is full, it tries again at once. */
function writeSamples(ring: UserRingBuf): void {
  nextId = 0;
  for (let sent = 0; sent < samplesPerTurn;) {
    sent += ring.fill(Math.min(batchSize, samplesPerTurn - sent), sampleBytes, writeCommand);
  }
}

async function drainAll(drain: Program): Promise<void> {
  const { returnValue } = await drain.run();
  if (returnValue !== samplesPerTurn)
    throw new Error(`The program drained ${returnValue | 0} samples of ${samplesPerTurn}`);
}

async function run(ring: UserRingBuf, drain: Program | undefined, seconds: number): Promise<object> {
  const start = performance.now();
  let samples = 0;
  let spent = 0;
  do {
    const began = performance.now();
    writeSamples(ring);
    spent += performance.now() - began;
    samples += samplesPerTurn;
    if (drain !== undefined) await drainAll(drain);
  } while (performance.now() - start < seconds * 1000);
  return { samples, seconds: spent / 1000 };
}

async function main(folder: string, mode: UserRingMode): Promise<void> {
  await using bpf = await load(objectPath, { engine: "kernel" });
  const ring = bpf.userRingBuf("commands");
  const drain = bpf.program("drain_commands");
  mkdirSync(folder);
  drain.pin(`${folder}/drain`);
  ring.pin(`${folder}/commands`);
  const drained = mode === "produce" ? drain : undefined;
  await serveTurns(async ({ seconds, warmUp }) => {
    await run(ring, drained, warmUp);
    return run(ring, drained, seconds);
  });
}

await main(...(process.argv.slice(2) as [string, UserRingMode]));
