import { release } from "node:os";
import { haveEngine } from "ebpf-ts";
import {
  attachKindNames,
  haveAttachKind,
  haveHelper,
  haveMapType,
  haveProgramType,
  HelperId,
  type Probed,
} from "ebpf-ts/kernel";
import { MapType, ProgType } from "ebpf-ts/spec";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { UsageError } from "../output/report-error.ts";
import { outputPage, paint, tableLines } from "../output/style.ts";
import { printable } from "../output/text.ts";

export interface FeatureOptions {
  readonly json?: boolean;
  /** A program type: its helpers. */
  readonly helpers?: string;
}

interface Feature extends Probed {
  readonly name: string;
}

interface Group {
  readonly title: string;
  /** For `--json`. */
  readonly key: string;
  readonly features: readonly Feature[];
}

/** `ebpf feature` */
export async function showFeatures({ json, helpers }: FeatureOptions): Promise<void> {
  const { usable, reason } = await haveEngine("kernel");
  const groups = helpers === undefined ? await allGroups() : [await helpersOf(helpers)];
  if (json === true) {
    const found = groups.map(({ key, features }) => [key, features.map(asJson)]);
    printLine(jsonText({ kernel: release(), usable, reason, ...Object.fromEntries(found) }));
    return;
  }
  printLine(`Linux ${release()}${usable ? "" : `: ${printable(reason ?? "its eBPF cannot be used here")}`}`);
  for (const group of groups) printGroup(group);
}

async function allGroups(): Promise<Group[]> {
  return [
    await group("Program types", "program_types", numbered(ProgType), ([, type]) => haveProgramType(type)),
    await group("Map types", "map_types", numbered(MapType), ([, type]) => haveMapType(type)),
    await group(
      "Sections",
      "sections",
      attachKindNames().map((name) => [name, 0]),
      ([name]) => haveAttachKind(name),
    ),
  ];
}

type Numbered = readonly (readonly [name: string, number: number])[];

/** Without what stands for nothing, and the names that the uapi has left behind. */
function numbered(table: Readonly<Record<string, number>>): Numbered {
  return Object.entries(table)
    .filter(([name]) => !/^unspec$|_DEPRECATED$/i.test(name))
    .map(([name, number]) => [name.toLowerCase(), number]);
}

async function helpersOf(type: string): Promise<Group> {
  const known = numbered(ProgType);
  const number = known.find(([name]) => name === type)?.[1];
  if (number === undefined)
    throw new UsageError(`There is no program type ${type}: they are ${known.map(([name]) => name).join(", ")}`);
  const names: Numbered = numbered(HelperId).map(([name, id]) => [`bpf_${name}`, id]);
  return group(`Helpers of ${type} programs`, "helpers", names, ([, id]) => haveHelper(number, id));
}

async function group(
  title: string,
  key: string,
  names: Numbered,
  ask: (named: Numbered[number]) => Promise<Probed>,
): Promise<Group> {
  const features: Feature[] = [];
  // One after the other: each takes a moment of the kernel's, and none is to disturb.
  for (const named of names) {
    features.push({ name: named[0], ...(await ask(named)) });
  }
  return { title, key, features };
}

function printGroup({ title, features }: Group): void {
  const page = outputPage();
  const rows = features.map(({ name, outcome, since, reason }) => [
    name,
    outcome,
    since ?? "",
    printable(reason ?? ""),
  ]);
  const [heading = "", ...lines] = tableLines(["NAME", "HERE", "SINCE", "WHY"], rows, []);
  printLine(`\n${paint(page, "source", title)}\n${paint(page, "heading", heading)}`);
  for (const line of lines) printLine(line);
}

function asJson({ name, outcome, since, reason }: Feature): object {
  return { name, outcome, ...(since === undefined ? {} : { since }), ...(reason === undefined ? {} : { reason }) };
}
