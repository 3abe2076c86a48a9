import { readFile } from "node:fs/promises";
import koffi from "koffi";
import { type Collection, type CollectionSpec, load } from "ebpf-ts";
import { parse } from "ebpf-ts/object";
import type { Case, Turns } from "../case.ts";
import { startObject } from "../objects.ts";

const many = 100;

/** What is loaded; closed again where nothing is measured any more. */
type Loading = (object: Uint8Array) => Promise<readonly Collection[]>;

const one = (object: Uint8Array | CollectionSpec): Promise<Collection> => load(object, { engine: "kernel" });

const atOnce: Loading = (object) => Promise.all(Array.from({ length: many }, () => one(object)));

async function inTurn(object: Uint8Array): Promise<Collection[]> {
  const loaded: Collection[] = [];
  for (let index = 0; index < many; index += 1) loaded.push(await one(object));
  return loaded;
}

/** The same program so many times in one object. */
const together =
  (count: number): Loading =>
  async (object) => {
    const spec = parse(object);
    const programs = Array.from({ length: count }, (_, index) => ({ ...spec.programs[0]!, name: `program_${index}` }));
    return [await one({ ...spec, programs })];
  };

/** How long loading keeps the event loop from its next turn, at the most. */
export const loadTurnCases: readonly Case[] = [
  {
    name: "load/turns/objects",
    about: `the longest turn of the event loop while ${many} small objects are loaded at once, against one after the other`,
    ours: atOnce,
    peer: inTurn,
  },
  {
    name: "load/turns/programs",
    about: `the longest turn of the event loop while an object of ${many} programs is loaded, against one of one program`,
    ours: together(many),
    peer: together(1),
  },
].map(({ ours, peer, ...row }) => ({ ...row, unit: "ms", better: "less", open: () => open(ours, peer) }));

async function open(ours: Loading, peer: Loading): Promise<Turns> {
  const object = await readFile(startObject);
  // What only the first of a process takes is measured as start/load.
  for (const loading of [ours, peer]) await longestTurn(loading, object);
  return {
    ours: () => longestTurn(ours, object),
    peer: () => longestTurn(peer, object),
    close: async () => {},
  };
}

/** In milliseconds of this thread's processor time, which others' work does not count in: it is looked at in each turn. */
async function longestTurn(loading: Loading, object: Uint8Array): Promise<number> {
  const clock = new ThreadClock();
  let longest = 0;
  let last = clock.now();
  const look = (): void => {
    const now = clock.now();
    longest = Math.max(longest, now - last);
    last = now;
    next = setImmediate(look);
  };
  let next = setImmediate(look);
  const loaded = await loading(object);
  clearImmediate(next);
  for (const bpf of loaded) await bpf.close();
  return longest;
}

/** How long this thread has had a processor, in milliseconds: as the kernel counts it, where schedstat of proc(5) lags by up to a tick. */
class ThreadClock {
  readonly #time = new BigInt64Array(2);

  now(): number {
    clockGettime(CLOCK_THREAD_CPUTIME_ID, this.#time);
    return Number(this.#time[0]) * 1e3 + Number(this.#time[1]) / 1e6;
  }
}

const CLOCK_THREAD_CPUTIME_ID = 3;
/** `struct timespec` of 64-bit systems: seconds and nanoseconds. */
const clockGettime = koffi.load(null).func("int clock_gettime(int clock, _Out_ int64_t *time)") as unknown as (
  clock: number,
  time: BigInt64Array,
) => number;
