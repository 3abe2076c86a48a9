import type { Difference } from "./compare.ts";
import type { LoadReport } from "./report.ts";

/** What came of comparing some objects. */
export interface Tally {
  objects: number;
  programs: number;
  /** By both, with the same tag. */
  loaded: number;
  /** By both, with the same error number. */
  refused: number;
  maps: number;
  /** That both attach by their section names. */
  attached: number;
  excepted: number;
  different: number;
}

export function newTally(): Tally {
  return { objects: 0, programs: 0, loaded: 0, refused: 0, maps: 0, attached: 0, excepted: 0, different: 0 };
}

/** Counts one object; `excepted` of its differences have a reason. */
export function count(
  tally: Tally,
  ours: LoadReport,
  theirs: LoadReport,
  differences: readonly Difference[],
  excepted: number,
): void {
  const told = new Set(differences.map(({ of }) => of));
  const same = ours.programs.filter(({ name }) =>
    theirs.programs.some((their) => their.name === name && !told.has(name)),
  );
  tally.objects += 1;
  tally.programs += Math.max(ours.programs.length, theirs.programs.length);
  tally.loaded += same.filter(({ outcome }) => outcome === 0).length;
  tally.refused += same.filter(({ outcome }) => outcome !== 0).length;
  tally.maps += ours.maps.filter(({ name }) => !told.has(name)).length;
  tally.attached += same.filter(({ attached }) => attached === 0).length;
  tally.excepted += excepted;
  tally.different += differences.length - excepted;
}

const columns: readonly (keyof Tally)[] = [
  "objects",
  "programs",
  "loaded",
  "refused",
  "maps",
  "attached",
  "excepted",
  "different",
];

/** A line for each group of objects. */
export function tableOf(tallies: ReadonlyMap<string, Tally>): string {
  const width = Math.max(...[...tallies.keys()].map((name) => name.length));
  const line = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(10)).join("")}`;
  const rows = [...tallies].map(([name, tally]) =>
    line(
      name,
      columns.map((column) => tally[column]),
    ),
  );
  return [line("", columns), ...rows].join("\n");
}
