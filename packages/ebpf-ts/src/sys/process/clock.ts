import { countsFromBoot, highResolution } from "../../host/this-process.ts";
import { readIfThere } from "../../host/system-files.ts";
import { Clock } from "../../uapi/uapi.gen.ts";
import { Timespec } from "../../uapi/structs.gen.ts";
import { KernelStruct } from "../ffi/kernel-struct.ts";
import { func } from "../ffi/libc.ts";

const looks = 16;

/** How far the system's clock is ahead of the runtime's; both run at the same rate. */
let ahead: bigint | undefined = countsFromBoot ? 0n : undefined;

/** CLOCK_MONOTONIC in nanoseconds, whatever the runtime counts from. */
export function monotonicNs(): bigint {
  ahead ??= measure();
  return highResolution() + ahead;
}

/** The same in milliseconds, of which a system call can be told. */
export function monotonicMs(): number {
  return Number(monotonicNs() / 1_000_000n);
}

/** Asks both, several times, and believes the pair between which least time has passed. */
function measure(): bigint {
  let best = 0n;
  let shortest = -1n;
  for (let look = 0; look < looks; look += 1) {
    const before = highResolution();
    const system = systemNs();
    const passed = highResolution() - before;
    if (shortest >= 0n && passed >= shortest) continue;
    shortest = passed;
    best = system - before - passed / 2n;
  }
  return best;
}

/** Where this process may not call the system, the next best: the time since the start of the machine, in steps of 10 ms. */
function systemNs(): bigint {
  try {
    const time = new KernelStruct(Timespec);
    func("int clock_gettime(int clock, intptr_t time)")(Clock.MONOTONIC, time.address);
    const { tv_sec, tv_nsec } = time.values;
    return BigInt(tv_sec) * 1_000_000_000n + BigInt(tv_nsec);
  } catch {
    const uptime = Number.parseFloat(readIfThere("/proc/uptime") ?? "");
    return Number.isNaN(uptime) ? highResolution() : BigInt(Math.round(uptime * 100)) * 10_000_000n;
  }
}
