import { errnoName } from "../../src/uapi/errno.ts";
import { type LoadReport, type MapReport, type ProgramReport, refusedUnasked } from "./report.ts";

/** One thing in which the two loaders differ. */
export interface Difference {
  /** A program or a map; the object itself when it cannot be opened. */
  readonly of: string;
  readonly what: "open" | "outcome" | "errno" | "tag" | "map" | "link";
  readonly ours: string;
  readonly theirs: string;
}

/** All in which two loaders differ about one object. One that cannot be opened has no program that can be loaded. */
export function compareReports(ours: LoadReport, theirs: LoadReport): Difference[] {
  if (ours.open !== 0 || theirs.open !== 0) {
    const loaded = (ours.open === 0 ? ours : theirs).programs.some((program) => program.outcome === 0);
    const isSame = !loaded;
    return isSame ? [] : [{ of: "the object", what: "open", ours: outcome(ours.open), theirs: outcome(theirs.open) }];
  }
  return [
    ...comparePrograms(ours.programs, theirs.programs),
    ...(ours.maps.length > 0 && theirs.maps.length > 0 ? compareMaps(ours.maps, theirs.maps) : []),
  ];
}

function comparePrograms(ours: readonly ProgramReport[], theirs: readonly ProgramReport[]): Difference[] {
  const own = new Map(ours.map((program) => [program.name, program]));
  const found: Difference[] = [];
  for (const their of theirs) {
    const our = own.get(their.name);
    own.delete(their.name);
    const difference = our === undefined ? missing(their.name, their.outcome) : compareProgram(our, their);
    if (difference !== undefined) found.push(difference);
  }
  for (const { name, outcome: own0 } of own.values())
    found.push({ of: name, what: "outcome", ours: outcome(own0), theirs: "no such program" });
  return found;
}

function missing(of: string, theirs: number): Difference {
  return { of, what: "outcome", ours: "no such program", theirs: outcome(theirs) };
}

function compareProgram(our: ProgramReport, their: ProgramReport): Difference | undefined {
  const of = their.name;
  const reason = our.message === undefined ? "" : `: ${our.message.split("\n")[0]}`;
  if ((our.outcome === 0) !== (their.outcome === 0))
    return { of, what: "outcome", ours: outcome(our.outcome) + reason, theirs: outcome(their.outcome) };
  if (our.outcome !== their.outcome && our.outcome !== refusedUnasked)
    return { of, what: "errno", ours: outcome(our.outcome) + reason, theirs: outcome(their.outcome) };
  if (our.tag !== their.tag) return { of, what: "tag", ours: String(our.tag), theirs: String(their.tag) };
  if ((our.attached === 0) === (their.attached === 0)) return undefined;
  return { of, what: "link", ours: attaching(our), theirs: attaching(their) };
}

function compareMaps(ours: readonly MapReport[], theirs: readonly MapReport[]): Difference[] {
  const own = new Map(ours.map((map) => [map.name, map]));
  const found: Difference[] = [];
  for (const their of theirs) {
    const name = sectionOf(their.name);
    const our = own.get(name);
    own.delete(name);
    const [a, b] = [our === undefined ? "no such map" : described(our), described(their)];
    if (a !== b) found.push({ of: name, what: "map", ours: a, theirs: b });
  }
  for (const map of own.values())
    found.push({ of: map.name, what: "map", ours: described(map), theirs: "no such map" });
  return found;
}

/** libbpf puts the object's name before that of a section of its own: `probe.bss`. */
function sectionOf(name: string): string {
  const dot = name.indexOf(".");
  return dot > 0 && /^\.(bss|data|rodata|kconfig)/.test(name.slice(dot)) ? name.slice(dot) : name;
}

function described({ type, keySize, valueSize, maxEntries, flags, mapExtra, typed, attached }: MapReport): string {
  const extra = mapExtra === 0 ? "" : `, extra ${mapExtra}`;
  const link = attached === undefined ? "" : attached === 0 ? ", attaches" : ", does not attach";
  return `type ${type}, key ${keySize}, value ${valueSize}, ${maxEntries} entries, flags ${flags}${extra}${typed ? ", typed" : ""}${link}`;
}

function attaching({ attached, attachMessage }: ProgramReport): string {
  if (typeof attached !== "number") return "does not say where";
  return attachMessage === undefined ? outcome(attached) : `${outcome(attached)}: ${attachMessage}`;
}

function outcome(error: number): string {
  if (error === refusedUnasked) return "refused";
  return error === 0 ? "goes well" : errnoName(-error);
}
