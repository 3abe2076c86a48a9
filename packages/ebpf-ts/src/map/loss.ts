import type { EngineMap } from "../engine/map.ts";
import type { LossCounters } from "../spec/loss-counters.ts";

/** Live values of a collection, as far as counters go. */
export interface CounterValues {
  /** Of a global variable. */
  variable(name: string): unknown;
  map(name: string): EngineMap | undefined;
}

/** The sum of all that programs counted. Counters of sections and maps that are not loaded are 0. */
export function readLoss({ variables, maps }: LossCounters, values: CounterValues): number {
  let sum = 0;
  for (const name of variables) sum += total(values.variable(name));
  for (const name of maps) sum += totalOfArray(values.map(name));
  return sum;
}

function total(value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  if (Array.isArray(value) || value instanceof Uint8Array)
    return [...value].reduce((sum: number, each) => sum + total(each), 0);
  return 0;
}

/** Counts of 4 or 8 bytes, on every CPU. */
function totalOfArray(map: EngineMap | undefined): number {
  if (map === undefined) return 0;
  const { valueSize, maxEntries } = map.info;
  const key = new Uint8Array(4);
  let sum = 0;
  for (let index = 0; index < maxEntries; index += 1) {
    new DataView(key.buffer).setUint32(0, index, true);
    const bytes = map.lookup(key);
    if (bytes === undefined) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + valueSize <= bytes.length; at += 8) sum += unsignedAt(view, at, valueSize);
  }
  return sum;
}

function unsignedAt(view: DataView, at: number, size: number): number {
  if (size === 8) return Number(view.getBigUint64(at, true));
  let value = 0;
  for (let byte = size - 1; byte >= 0; byte -= 1) value = value * 256 + view.getUint8(at + byte);
  return value;
}
