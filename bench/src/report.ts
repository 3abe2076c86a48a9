import type { Result } from "./statistics.ts";

const widths = { case: 22, value: 12, unit: 11, ratio: 8, spread: 16, best: 9 };

/** The table's head. Ratios above 1 are in our favour; the last is against the peer's best turn. */
export function headline(): string {
  const { case: name, value, unit, ratio, spread, best } = widths;
  return `${"case".padEnd(name)}${"ours".padStart(value)}${"peer".padStart(value)} ${"unit".padEnd(unit)}${"ratio".padStart(ratio)}  ${"[low, high]".padEnd(spread)}${"vs best".padStart(best)}`;
}

export function resultLine(result: Result): string {
  const { case: name, value, unit, ratio, spread, best } = widths;
  const [low, high] = result.spread;
  const numbers = `${shown(result.ours).padStart(value)}${shown(result.peer).padStart(value)}`;
  return `${result.case.padEnd(name)}${numbers} ${result.unit.padEnd(unit)}${result.ratio.toFixed(2).padStart(ratio)}  ${`[${low.toFixed(2)}, ${high.toFixed(2)}]`.padEnd(spread)}${result.best.toFixed(2).padStart(best)}`;
}

function shown(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : String(value);
}
