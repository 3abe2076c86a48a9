import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const sampleMs = 300;

/** How much of the processors' time others use right now, from 0 to 1. */
export async function otherLoad(): Promise<number> {
  const before = times();
  await sleep(sampleMs);
  const after = times();
  const total = after.total - before.total;
  return total === 0 ? 0 : 1 - (after.idle - before.idle) / total;
}

function times(): { readonly idle: number; readonly total: number } {
  let idle = 0;
  let total = 0;
  for (const cpu of cpus()) {
    idle += cpu.times.idle;
    for (const spent of Object.values(cpu.times)) total += spent;
  }
  return { idle, total };
}
