/**
 * Our consumer, in a process of its own: loads the object, pins the ring and a producer in a folder, then runs a turn for
 * each line of its input.
 *   ring.js FOLDER MODE BYTES
 */
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type EventsOptions, load, type RecordView, type RingBuf } from "ebpf-ts";
import type { OursMode } from "../cases/pinned-ring.ts";
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

interface Counted {
  readonly records: number;
  readonly sum: number;
}

type Reader = (ring: RingBuf<Event>, until: number) => Promise<Counted>;

/**
 * Offset of `pid`, which is read of every record so that its bytes are touched, as the peer does. Sums wrap at 32 bits: larger ones, in the variables of an
 * async function, are an object of V8's heap for each record, which is no cost of reading.
 */
const pidAt = 8;

/** Ends a loop also when nothing comes any more. */
const end = (until: number): EventsOptions => ({ until: sleep(Math.max(until - performance.now(), 1)) });

async function readBatches(ring: RingBuf<Event>, until: number, options: EventsOptions = {}): Promise<Counted> {
  let records = 0;
  let sum = 0;
  for await (const batch of ring.batches({ ...end(until), ...options })) {
    for (const record of batch) {
      sum = (sum + record.u32(pidAt)) | 0;
      records += 1;
    }
    if (performance.now() >= until) break;
  }
  return { records, sum };
}

async function readDecoded(ring: RingBuf<Event>, until: number): Promise<Counted> {
  let records = 0;
  let sum = 0;
  for await (const batch of ring.batches(end(until))) {
    for (const event of batch.events()) {
      sum = (sum + event.pid) | 0;
      records += 1;
    }
    if (performance.now() >= until) break;
  }
  return { records, sum };
}

async function readColumns(ring: RingBuf<Event>, until: number): Promise<Counted> {
  let records = 0;
  let sum = 0;
  for await (const batch of ring.batches(end(until))) {
    const { pid } = batch.columns();
    for (const one of pid) sum = (sum + one) | 0;
    records += pid.length;
    if (performance.now() >= until) break;
  }
  return { records, sum };
}

/** A millisecond of a full ring is some 3 % of it; meanwhile nobody touches the producer's cache lines. */
const readByTheClock: Reader = (ring, until) => readBatches(ring, until, { wakeup: { intervalMs: 1 } });

/** What comes often may wait as long as a screen takes to show it. */
const readWithin10Ms: Reader = (ring, until) => readBatches(ring, until, { wakeup: { maxLatencyMs: 10 } });

const readers = {
  batches: readBatches,
  decoded: readDecoded,
  columns: readColumns,
  interval: readByTheClock,
  within10Ms: readWithin10Ms,
};

async function count(read: Reader, ring: RingBuf<Event>, seconds: number): Promise<object> {
  const start = performance.now();
  const before = process.cpuUsage();
  const counted = await read(ring, start + seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  const took = { seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
  return { ...counted, ...took, rss: process.resourceUsage().maxRSS };
}

/** The clock of bpf_ktime_get_ns() is CLOCK_MONOTONIC, as hrtime's is on Linux. */
function age(record: RecordView): number {
  return Number(process.hrtime.bigint() - record.u64(0));
}

async function stamp(ring: RingBuf<Event>, until: number): Promise<object> {
  const nanoseconds: number[] = [];
  for await (const batch of ring.batches(end(until))) {
    for (const record of batch) nanoseconds.push(age(record));
    if (performance.now() >= until) break;
  }
  return { nanoseconds };
}

async function turn(mode: OursMode, ring: RingBuf<Event>, seconds: number): Promise<object> {
  const until = performance.now() + seconds * 1000;
  if (mode === "stamped") return stamp(ring, until);
  return count(readers[mode], ring, seconds);
}

async function main(folder: string, mode: OursMode, bytes: string): Promise<void> {
  await using bpf = await load(objectPath, { engine: "kernel" });
  const ring = bpf.ringBuf<Event>("events");
  mkdirSync(folder);
  bpf.program(`produce_${bytes}`).pin(`${folder}/produce`);
  ring.pin(`${folder}/events`);
  await serveTurns(async ({ seconds, warmUp }) => {
    await turn(mode, ring, warmUp);
    return turn(mode, ring, seconds);
  });
}

await main(...(process.argv.slice(2) as [string, OursMode, string]));
