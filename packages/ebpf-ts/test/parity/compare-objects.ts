import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { compareReports, type Difference } from "./compare.ts";
import { describeOurs } from "./describe-ours.ts";
import { reasonFor } from "./exceptions.ts";
import { judge } from "./judge.ts";
import { count, newTally, type Tally } from "./tally.ts";

/** How objects are compared. */
export interface Comparison {
  /** The program that {@link buildJudge} made. */
  readonly judge: string;
  /** Whether programs are attached for a moment as well. */
  readonly attach: boolean;
  /** Is given each difference, with the reason of those that have one. */
  readonly tell: (object: string, difference: Difference, reason: string | undefined) => void;
}

/** Loads each object with libbpf and with this library, and tells what differs. */
export async function compareObjects(
  paths: readonly string[],
  { judge: program, attach, tell }: Comparison,
): Promise<Tally> {
  const tally = newTally();
  for (const path of paths) {
    const object = basename(path).replace(/(\.bpf)?\.o$/, "");
    const theirs = judge(program, path, attach);
    const ours = await describeOurs(new Uint8Array(await readFile(path)), attach);
    if (theirs === undefined) {
      console.error(`${object}: libbpf crashed, or took more than ten minutes`);
      continue;
    }
    const differences = compareReports(ours, theirs);
    const reasons = differences.map((difference) => reasonFor(theirs.libbpf, object, difference));
    for (const [index, difference] of differences.entries()) tell(object, difference, reasons[index]);
    count(tally, ours, theirs, differences, reasons.filter((reason) => reason !== undefined).length);
  }
  return tally;
}
