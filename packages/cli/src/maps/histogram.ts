import { padStart } from "../output/style.ts";

/** Of log2 histograms slot i counts the values from 2^i to 2^(i+1) - 1, and slot 0 those of 0 too, as in the tools of libbpf. */
export type Scale = "log2" | "linear";

const longestBar = 40;
const shortestBar = 8;

/** A line a slot, from the first that counts something to the last; none when nothing is counted. `width`: columns for all of it. */
export function histogramLines(slots: readonly bigint[], scale: Scale, width: number | undefined): HistogramLine[] {
  const first = slots.findIndex((count) => count > 0n);
  if (first < 0) return [];
  const last = slots.findLastIndex((count) => count > 0n);
  const rows = slots.slice(first, last + 1).map((count, index) => ({ count, ...rangeOf(first + index, scale) }));
  const fromWidth = widest(rows.map(({ from }) => from));
  const toWidth = widest(rows.map(({ to }) => to));
  const countWidth = Math.max("count".length, widest(rows.map(({ count }) => count)));
  const rangeText = ({ from, to }: { from: bigint; to: bigint }): string =>
    scale === "linear"
      ? padStart(`${from}`, fromWidth)
      : `${padStart(`${from}`, fromWidth)} -> ${padStart(`${to}`, toWidth)}`;
  const rangeWidth = Math.max(scale === "linear" ? fromWidth : fromWidth + toWidth + 4, "value".length);
  const indent = "  ";
  const room = width === undefined ? longestBar : width - rangeWidth - countWidth - 3 * indent.length;
  const barWidth = Math.min(longestBar, Math.max(shortestBar, room));
  const most = rows.reduce((max, { count }) => (count > max ? count : max), 1n);
  const heading = `${indent}${padStart("value", rangeWidth)}${indent}${padStart("count", countWidth)}${indent}distribution`;
  return [
    { text: heading, bar: "" },
    ...rows.map((row) => {
      const length = barLength(row.count, most, barWidth);
      const head = `${indent}${padStart(rangeText(row), rangeWidth)}${indent}${padStart(`${row.count}`, countWidth)}`;
      return { text: length === 0 ? head : `${head}${indent}`, bar: "*".repeat(length) };
    }),
  ];
}

export interface HistogramLine {
  readonly text: string;
  readonly bar: string;
}

/** What counts shows: at least one star. */
function barLength(count: bigint, most: bigint, width: number): number {
  if (count === 0n) return 0;
  return Math.max(1, Number((count * BigInt(width)) / most));
}

function rangeOf(slot: number, scale: Scale): { readonly from: bigint; readonly to: bigint } {
  const index = BigInt(slot);
  if (scale === "linear") return { from: index, to: index };
  return { from: slot === 0 ? 0n : 1n << index, to: (1n << (index + 1n)) - 1n };
}

function widest(numbers: readonly bigint[]): number {
  return numbers.reduce((width, number) => Math.max(width, `${number}`.length), 0);
}
