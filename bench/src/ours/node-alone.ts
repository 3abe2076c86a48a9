/**
 * Node without this library, in a process of its own: what its event loop itself costs to wake up. Runs a turn for each line of its input.
 *   node-alone.js socket PORT | timer MS
 */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { TurnRequest } from "../cases/turn.ts";
import { serveTurns } from "./turns.ts";

/** Of a time stamp. */
const stampBytes = 8;

/** Reads into the same memory each time, which is the least that a socket of Node's does. */
async function readSocket(port: number, { seconds, warmUp }: TurnRequest): Promise<object> {
  const nanoseconds: number[] = [];
  const buffer = Buffer.alloc(4096);
  const begin = process.hrtime.bigint() + BigInt(Math.round(warmUp * 1e9));
  const callback = (size: number): boolean => {
    for (let offset = 0; offset + stampBytes <= size; offset += stampBytes) {
      const stamp = buffer.readBigInt64LE(offset);
      if (stamp >= begin) nanoseconds.push(Number(process.hrtime.bigint() - stamp));
    }
    return true;
  };
  const socket = connect({ port, host: "127.0.0.1", onread: { buffer, callback } });
  await sleep((warmUp + seconds) * 1000);
  socket.destroy();
  return { nanoseconds };
}

async function countTicks(ms: number, { seconds, warmUp }: TurnRequest): Promise<object> {
  let ticks = 0;
  let timer: ReturnType<typeof setTimeout>;
  const tick = (): void => {
    ticks += 1;
    timer = setTimeout(tick, ms);
  };
  tick();
  await sleep(warmUp * 1000);
  ticks = 0;
  const before = process.cpuUsage();
  await sleep(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  clearTimeout(timer!);
  return { ticks, cpu: (user + system) / 1e6 };
}

const [mode, what] = process.argv.slice(2) as ["socket" | "timer", string];
await serveTurns((turn) => (mode === "socket" ? readSocket(Number(what), turn) : countTicks(Number(what), turn)));
