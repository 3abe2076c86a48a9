/**
 * Reads a mapped array, in a process of its own: loads it, gives each counter a value, pins it in a folder, then adds the
 * counters up, again and again, for each line of its input.
 *   array.js FOLDER
 */
import { mkdirSync } from "node:fs";
import { load } from "ebpf-ts";
import type { TurnRequest } from "../cases/turn.ts";
import { countersObject } from "../objects.ts";
import { serveTurns } from "./turns.ts";

/** Readings between two looks at the clock. */
const readings = 200;

function addUp(counters: BigUint64Array): bigint {
  let sum = 0n;
  for (let i = 0; i < counters.length; i += 1) sum = BigInt.asUintN(64, sum + counters[i]!);
  return sum;
}

function read(counters: BigUint64Array, seconds: number): object {
  const start = performance.now();
  let sum = 0n;
  let count = 0;
  let now = start;
  while (now - start < seconds * 1000) {
    for (let i = 0; i < readings; i += 1) sum = addUp(counters);
    count += readings;
    now = performance.now();
  }
  return { nanoseconds: ((now - start) * 1e6) / count, sum: Number(sum) };
}

async function main(folder: string): Promise<void> {
  await using bpf = await load(countersObject, { engine: "kernel" });
  const map = bpf.map<number, bigint>("counters");
  const memory = map.memory();
  for (let i = 0; i < memory.length; i += 1) memory.set(i, BigInt(i * i));
  const counters = memory.values as BigUint64Array;
  mkdirSync(folder);
  map.pin(`${folder}/counters`);
  const turn = ({ seconds, warmUp }: TurnRequest): object => {
    read(counters, warmUp);
    return read(counters, seconds);
  };
  await serveTurns(turn, { sum: Number(addUp(counters)) });
}

await main(...(process.argv.slice(2) as [string]));
