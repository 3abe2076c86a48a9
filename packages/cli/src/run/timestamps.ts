import type { Btf } from "ebpf-ts/btf";
import { monotonicNs } from "../output/wall-clock.ts";
import { columnsOf } from "./columns.ts";

/** Members that hold what `bpf_ktime_get_ns` gave, as programs usually name them. */
const names = /^_*(ts|tstamp|timestamp|time|ktime|when)(_?(ns|nsec|ktime|mono))?_*$/i;
/** Nanoseconds that an event may be older than the run, and younger than now: clocks of CPUs differ a little. */
const before = 60_000_000_000n;
const after = 1_000_000_000n;

/** When an event was, in nanoseconds of CLOCK_MONOTONIC; undefined where it does not say. */
export type TimeOf = (event: unknown) => bigint | undefined;

/**
 * Finds the member that is a time by its name, and by its type: 64 bits without a sign. Whether it is one of that clock shows in its value, which
 * must be of the time of the run: durations, microseconds and other clocks are taken for numbers. Undefined when there is no such member.
 */
export function timestampOf(btf: Btf | undefined, type: number): TimeOf | undefined {
  if (btf === undefined || type === 0) return undefined;
  const column = columnsOf(btf, type).find(({ path, type: leaf }) => {
    const resolved = btf.resolve(leaf);
    return (
      names.test(path.at(-1) ?? "") &&
      resolved.kind === "int" &&
      resolved.size === 8 &&
      resolved.encoding === "unsigned"
    );
  });
  if (column === undefined) return undefined;
  const start = monotonicNs() - before;
  return (event) => {
    const value = column.valueOf(event);
    return typeof value === "bigint" && value > start && value < monotonicNs() + after ? value : undefined;
  };
}
