import type { Btf, BtfType } from "ebpf-ts/btf";
import type { Scale } from "./histogram.ts";

/** Where the slots of a histogram stand in a value. */
export interface SlotsShape {
  /** The member; undefined when the value is nothing but the slots. */
  readonly member: string | undefined;
  readonly scale: Scale;
}

const fewest = 4;
const memberNames = /^(slots?|hist|histogram|buckets?|dist|distribution)$/i;
const mapNames = /hist|slot|dist|bucket|latenc/i;
const linearNames = /linear|lhist|_lin\b/i;

/** The usual shapes: an array of counters in a struct as `slots`, or a value that is an array of counters, of something called a histogram. */
export function findSlots(
  btf: Btf | undefined,
  type: number,
  name: string,
  linear: ReadonlySet<string>,
): SlotsShape | undefined {
  if (btf === undefined || type === 0) return undefined;
  const scale = scaleOf(name, linear);
  const value = btf.resolve(type);
  if (isCounters(btf, value)) return isHistogramName(name, linear) ? { member: undefined, scale } : undefined;
  if (value.kind !== "struct") return undefined;
  const member = value.members.find((each) => memberNames.test(each.name) && isCounters(btf, btf.resolve(each.type)));
  return member && { member: member.name, scale };
}

/** Of an array map whose values are counters: each is a slot. */
export function areSlots(
  btf: Btf | undefined,
  type: number,
  name: string,
  linear: ReadonlySet<string>,
): Scale | undefined {
  if (btf === undefined || type === 0 || !isHistogramName(name, linear)) return undefined;
  return isCounter(btf.resolve(type)) ? scaleOf(name, linear) : undefined;
}

function isHistogramName(name: string, linear: ReadonlySet<string>): boolean {
  return linear.has(name) || mapNames.test(name);
}

function scaleOf(name: string, linear: ReadonlySet<string>): Scale {
  return linear.has(name) || linearNames.test(name) ? "linear" : "log2";
}

function isCounters(btf: Btf, type: BtfType): boolean {
  return type.kind === "array" && type.length >= fewest && isCounter(btf.resolve(type.type));
}

function isCounter(type: BtfType): boolean {
  return type.kind === "int" && (type.size === 4 || type.size === 8) && type.encoding !== "bool";
}
