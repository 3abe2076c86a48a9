import { ProgType } from "../uapi/uapi.gen.ts";
import type { ContextShape, ProgramKind } from "./program-kind.ts";
import { programKinds } from "./program-kinds.ts";

const byName: ReadonlyMap<string, ProgramKind> = new Map(programKinds.map((kind) => [kind.name, kind]));

/** The kind that a parsed program names as its own. Undefined when there is none such: specs can be edited. */
export function findProgramKind(name: string): ProgramKind | undefined {
  return byName.get(name);
}

/** The kind of a section, without a question mark before it. */
export function kindOfSection(section: string): ProgramKind | undefined {
  return programKinds.find(
    ({ name, rest }) => section === name || (rest !== undefined && section.startsWith(`${name}/`)),
  );
}

/** How one writes its section: `tracepoint/<category>/<name>`. */
export function sectionUsage({ name, rest }: ProgramKind): string {
  return rest === undefined ? name : `${name}/${rest}`;
}

/** Program types (BPF_PROG_TYPE_*) that attach to places of a kind. */
export function typesForPlace(place: ProgramKind["place"]): ReadonlySet<number> {
  return new Set(programKinds.filter((kind) => kind.place === place).map((kind) => kind.type));
}

/**
 * Whether programs of a kind go to places of a kind. What the verifier was told of is the only place; probes are for single places or for
 * many, by their attach type: the kernel does not check everywhere that they are in the right ones.
 */
export function goesTo(row: ProgramKind, place: ProgramKind["place"]): boolean {
  if (row.place === place) return true;
  // Probes that a file defines are for many places, where the kernel knows a link for those.
  if (row.kernelType !== undefined || row.place === "usdt" || row.place === "fentry_multi") return false;
  const others = programKinds.filter((kind) => kind.place === place && kind.type === row.type);
  return others.some(({ attachType }) => row.type !== ProgType.KPROBE || attachType === row.attachType);
}

const noContext: ContextShape = { of: "bytes", size: 0, hidden: 0, writable: false };
const contexts: ReadonlyMap<number, ContextShape> = new Map(programKinds.map(({ type, context }) => [type, context]));

/** What programs of a type get in r1: all kinds of one type get the same. */
export function contextShape(type: number): ContextShape {
  return contexts.get(type) ?? noContext;
}
