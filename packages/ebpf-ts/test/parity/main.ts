/**
 * Compares what this library and libbpf make of objects: `node main.js JUDGE [--attach] FOLDER…`, where the judge is the program of judge.c.
 * Prints what differs, then a table with a line for each folder. Fails when something differs that has no reason.
 */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { compareObjects } from "./compare-objects.ts";
import { type Tally, tableOf } from "./tally.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { attach: { type: "boolean", default: false } },
});
const [judge, ...folders] = positionals;
if (judge === undefined || folders.length === 0) throw new TypeError("Usage: main.js JUDGE [--attach] FOLDER…");

const tallies = new Map<string, Tally>();
const excepted = new Map<string, string[]>();
for (const folder of folders) {
  const objects = (await readdir(folder)).filter((name) => name.endsWith(".o")).sort();
  const tally = await compareObjects(
    objects.map((name) => join(folder, name)),
    {
      judge,
      attach: values.attach,
      tell: (object, { of, what, ours, theirs }, reason) => {
        if (reason === undefined) console.log(`${object}, ${of}: ${what}\n    ours:   ${ours}\n    libbpf: ${theirs}`);
        else excepted.set(reason, [...(excepted.get(reason) ?? []), `${object}: ${of}`]);
      },
    },
  );
  tallies.set(basename(folder), tally);
}
for (const [reason, places] of excepted)
  console.log(`${places.length} excepted, since ${reason}:\n    ${places.join(", ")}`);
console.log(tableOf(tallies));
process.exitCode = [...tallies.values()].some(({ different }) => different > 0) ? 1 : 0;
