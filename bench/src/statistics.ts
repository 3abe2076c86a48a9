import { BenchFailure } from "./failure.ts";

export interface Result {
  readonly case: string;
  readonly unit: string;
  /** Medians. */
  readonly ours: number;
  readonly peer: number;
  /** Median of the ratios of the pairs, above 1 when ours is better, and the lowest and highest of them. */
  readonly ratio: number;
  readonly spread: readonly [low: number, high: number];
}

export interface Pair {
  readonly ours: number;
  readonly peer: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarize(name: string, unit: string, better: "more" | "less", pairs: readonly Pair[]): Result {
  if (!pairs.every(({ ours, peer }) => ours > 0 && peer > 0))
    throw new BenchFailure(`Cannot compare ${name}: a turn measured nothing, give it more --seconds`);
  const ratios = pairs.map(({ ours, peer }) => (better === "more" ? ours / peer : peer / ours));
  return {
    case: name,
    unit,
    ours: rounded(median(pairs.map((pair) => pair.ours))),
    peer: rounded(median(pairs.map((pair) => pair.peer))),
    ratio: rounded(median(ratios)),
    spread: [rounded(Math.min(...ratios)), rounded(Math.max(...ratios))],
  };
}

/** Four digits say all that such a measurement knows. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
