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
  /** Our median against the peer's best turn: a loop of libbpf's lives in one of two states, some times apart, and stays there for a turn. */
  readonly best: number;
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

/** The value that so large a share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  if (share === 0.5) return median(values);
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]!;
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
    best: rounded(againstBest(better, pairs)),
    spread: [rounded(Math.min(...ratios)), rounded(Math.max(...ratios))],
  };
}

function againstBest(better: "more" | "less", pairs: readonly Pair[]): number {
  const ours = median(pairs.map((pair) => pair.ours));
  const peers = pairs.map(({ peer }) => peer);
  return better === "more" ? ours / Math.max(...peers) : Math.min(...peers) / ours;
}

/** Four digits say all that such a measurement knows. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
