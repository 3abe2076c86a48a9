import { isThere, readHostFile } from "../../../host/system-files.ts";

/** The perf event sources of probes (Linux 4.17), which tell how perf_event_open(2) is asked for one. */
export type ProbeSource = "kprobe" | "uprobe";

const folderOf = (source: ProbeSource): string => `/sys/bus/event_source/devices/${source}`;

/** Whether this kernel has it. */
export function haveProbeSource(source: ProbeSource): boolean {
  return isThere(folderOf(source));
}

/** `perf_event_attr.type`. `action` follows "Cannot". */
export function probeType(source: ProbeSource, action: string): number {
  return Number(readHostFile(`${folderOf(source)}/type`, action));
}

/** Whether it takes a part of `config`. */
export function haveProbeField(source: ProbeSource, field: string): boolean {
  return isThere(`${folderOf(source)}/format/${field}`);
}

/** The bit of `config` that a field of it begins with: `config:0`, `config:32-63`. */
export function probeBit(source: ProbeSource, field: string, action: string): bigint {
  return BigInt(/^config:(\d+)/.exec(readHostFile(`${folderOf(source)}/format/${field}`, action))?.[1] ?? 0);
}
