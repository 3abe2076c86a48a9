/** A thread that takes and gives back pages of a heap which others use too, and looks whether all that it holds is its own. */
import { parentPort, workerData } from "node:worker_threads";
import { PageHeap } from "../../src/engine/embedded/memory/page-heap.ts";
import { PageTable } from "../../src/engine/embedded/memory/page-table.ts";
import type { Span } from "../../src/engine/embedded/memory/region.ts";

export interface HeapJob {
  readonly buffer: SharedArrayBuffer;
  readonly span: Span;
  readonly thread: number;
  /** Whether it holds one block at a time and asks until it gets it; else it holds several, and does without. */
  readonly insists: boolean;
  /** Infinity: until the thread is terminated. */
  readonly rounds: number;
  /** Element 0 counts the threads that are ready, element 1 the rounds done; 2 lets them go. */
  readonly gate: Int32Array;
}

const { buffer, span, thread, insists, rounds, gate } = workerData as HeapJob;
const heap = new PageHeap(buffer, new PageTable(buffer), span);
const words = new Uint32Array(buffer);
const held: { address: number; size: number; stamp: number }[] = [];
let faults = 0;

function isAll(address: number, size: number, value: number): boolean {
  return words.subarray(address / 4, (address + size) / 4).every((word) => word === value);
}

function giveBack({ address, size, stamp }: (typeof held)[number]): void {
  if (!isAll(address, size, stamp)) faults += 1;
  heap.free(address, size);
}

Atomics.add(gate, 0, 1);
Atomics.notify(gate, 0);
Atomics.wait(gate, 2, 0);
let random = 0x9e37_79b9 * (thread + 1);
for (let round = 0; round < rounds; round += 1) {
  random = Math.imul(random ^ (random >>> 15), 0x2c1b_3c6d) + round;
  const size = 4 * (1 + ((random >>> 8) % 4096));
  let address = heap.allocate(size);
  if (insists) while (address === 0) address = heap.allocate(size);
  if (address !== 0) {
    if (!isAll(address, size, 0)) faults += 1;
    const stamp = thread * 1_000_000 + (round % 1_000_000) + 1;
    words.fill(stamp, address / 4, (address + size) / 4);
    held.push({ address, size, stamp });
  }
  if (held.length > (insists ? 0 : 6) || address === 0)
    held.splice(random % 2 === 0 ? 0 : held.length >> 1, 1).forEach(giveBack);
  Atomics.add(gate, 1, 1);
  Atomics.notify(gate, 1);
}
held.forEach(giveBack);
parentPort!.postMessage(faults);
