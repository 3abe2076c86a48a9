import { isMainThread, parentPort, workerData } from "node:worker_threads";
import type { MachineMapImage } from "../../src/engine/embedded/machine/image.ts";
import { openMap } from "../../src/engine/embedded/maps/open-map.ts";
import { cpus, keyAddress, lookupIn, u32 } from "./test-map.ts";

/** What a thread is told to do; it answers with one message of counts. */
export interface HammerJob {
  readonly deed: "hash" | "ring" | "drain" | "queue";
  readonly image: MachineMapImage;
  readonly memory: SharedArrayBuffer;
  /** Element 0: how many threads are ready, and not done yet; element 1: 1 lets them go, and 2 ends a drain. */
  readonly gate: Int32Array;
  readonly thread: number;
  readonly rounds: number;
}

export interface HammerCounts {
  inserted: number;
  deleted: number;
  torn: number;
  submitted: number;
  discarded: number;
  refused: number;
  busy: number;
  samples: number[];
}

/** xorshift32: every thread has a sequence of its own. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function isTorn(value: Uint8Array | undefined): boolean {
  return value !== undefined && value.some((byte) => byte !== value[0]);
}

function hammerHash({ image, memory, thread, rounds }: HammerJob, counts: HammerCounts): void {
  const map = openMap(image, memory, cpus);
  const lookup = lookupIn(map, memory, keyAddress);
  const random = randomFrom(thread + 1);
  const value = new Uint8Array(image.valueSize);
  for (let i = 0; i < rounds; i++) {
    const key = u32(random(24));
    value.fill(random(256));
    switch (random(6)) {
      case 0:
      case 1:
        counts.inserted += map.update(key, value, 1, 0) === 0 ? 1 : 0;
        break;
      case 2:
        map.update(key, value, 2, 0);
        break;
      case 3:
        counts.deleted += map.delete(key) === 0 ? 1 : 0;
        break;
      case 4:
        counts.torn += isTorn(map.read(key)) ? 1 : 0;
        break;
      default:
        // All threads' keys at one address: whichever of them is looked up, or none, nothing breaks.
        lookup(key, 0);
        map.nextKey(key);
    }
  }
}

/** A record: thread, number, and the low byte of the number over and over. One of eight is discarded. */
function hammerRing({ image, memory, gate, thread, rounds }: HammerJob, counts: HammerCounts): void {
  const ring = openMap(image, memory, cpus).ring!;
  const random = randomFrom(thread + 1);
  const data = new DataView(memory);
  const bytes = new Uint8Array(memory);
  for (let i = 0; i < rounds; i++) {
    const size = 8 + random(120);
    const address = ring.reserve(size, 0n);
    if (address === 0) {
      counts.refused++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.05);
      continue;
    }
    data.setUint32(address, thread, true);
    data.setUint32(address + 4, i, true);
    bytes.fill(i & 255, address + 8, address + size);
    if (random(8) === 0) {
      ring.discard(address, 0n);
      counts.discarded++;
    } else {
      ring.submit(address, 0n);
      counts.submitted++;
    }
  }
  Atomics.sub(gate, 0, 1);
  Atomics.add(ring.bell, 0, 1);
  Atomics.notify(ring.bell, 0);
}

function hammerDrain({ image, memory, gate }: HammerJob, counts: HammerCounts): void {
  const ring = openMap(image, memory, cpus).userRing!;
  const data = new DataView(memory);
  let last = 0;
  do {
    last = Atomics.load(gate, 1);
    const result = ring.drain((address) => {
      counts.samples.push(data.getUint32(address, true));
      return 0;
    }, 0n);
    counts.busy += result === -16 ? 1 : 0;
    // After the end was announced, the samples that came before it are drained once more.
  } while (last !== 2 || ring.memory.consumer[0] !== ring.memory.producer[0]);
}

/** Pushes numbers of its own, in order, and pops those of all. */
function hammerQueue({ image, memory, thread, rounds }: HammerJob, counts: HammerCounts): void {
  const map = openMap(image, memory, cpus);
  const random = randomFrom(thread + 1);
  const into = new Uint8Array(image.valueSize);
  const view = new DataView(into.buffer);
  for (let i = 0; i < rounds; i++) {
    if (random(2) === 0) {
      const value = new Uint8Array(image.valueSize).fill(i & 255);
      new DataView(value.buffer).setUint32(0, thread * rounds + i, true);
      counts.inserted += map.push!(value, 0) === 0 ? 1 : 0;
    } else if (map.pop!(into) === 0) {
      const sample = view.getUint32(0, true);
      counts.torn += into.subarray(4).every((byte) => byte === ((sample % rounds) & 255)) ? 0 : 1;
      counts.samples.push(sample);
    }
  }
}

function work(job: HammerJob): HammerCounts {
  const counts: HammerCounts = {
    inserted: 0,
    deleted: 0,
    torn: 0,
    submitted: 0,
    discarded: 0,
    refused: 0,
    busy: 0,
    samples: [],
  };
  Atomics.add(job.gate, 0, 1);
  Atomics.wait(job.gate, 1, 0);
  const deeds = { hash: hammerHash, ring: hammerRing, drain: hammerDrain, queue: hammerQueue };
  deeds[job.deed](job, counts);
  return counts;
}

if (!isMainThread && (workerData as Partial<HammerJob> | null)?.gate !== undefined) {
  parentPort!.postMessage(work(workerData as HammerJob));
}
