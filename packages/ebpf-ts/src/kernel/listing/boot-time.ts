import { readHostFile } from "../../host/system-files.ts";

/** When the machine started, in milliseconds since 1970: what CLOCK_BOOTTIME counts from, to 10 ms. */
export function bootTime(): number {
  const uptime = Number.parseFloat(readHostFile("/proc/uptime", "tell when something was loaded"));
  return Date.now() - uptime * 1000;
}
