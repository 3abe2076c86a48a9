import { checkOptions } from "../base/check-options.ts";
import { showValue } from "../base/checks.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";
import { nearName } from "../base/near-name.ts";
import { findProgramKind, goesTo, sectionUsage, typesForPlace } from "../kinds/find-program-kind.ts";
import type { ProgramKind } from "../kinds/program-kind.ts";
import { programKinds } from "../kinds/program-kinds.ts";
import type { AttachKind } from "./attach-kind.ts";
import { attachKinds } from "./attach-kinds.gen.ts";
import type { AttachTarget } from "./attach-targets.gen.ts";
import { queriedKinds, type QueriedTarget, saysHow } from "./queried-target.ts";

/** Of a program's spec: what decides on where it can be attached. */
export interface ProgramToAttach {
  readonly name: string;
  readonly kind: string;
  readonly type: number;
  readonly attachTo: string;
}

type AnyKind = AttachKind<AttachTarget>;

/** Where a program is to be attached: as it was told, or else as its section says. */
export function targetOf(program: ProgramToAttach, told: AttachTarget | undefined): AttachTarget {
  return told === undefined ? namedTarget(program) : toldTarget(program, told, attaching);
}

/** The place that `query()` was told: one where the program could be attached. */
export function queriedPlace(program: ProgramToAttach, told: QueriedTarget): AttachTarget {
  return toldTarget(program, told, querying);
}

/** What a section's name would say after its kind and a slash. */
export function writeTarget(target: AttachTarget): string {
  return kindFor(target.kind)!.write(target);
}

function namedTarget(program: ProgramToAttach): AttachTarget {
  const row = findProgramKind(program.kind);
  if (row?.attaches === "never") throw attachesNever(program, row);
  const kind = row && kindFor(row.place);
  if (row === undefined || kind === undefined) throw notYet(program);
  const more = kind.alsoNeeds?.(program.attachTo);
  const target = more === undefined ? kind.parse(program.attachTo) : undefined;
  if (target !== undefined) return target;
  if (more !== undefined) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot attach program ${program.name}: ${program.attachTo} takes more than a section can name, say what: attach({ kind: "${kind.kind}", ${more} })`,
    );
  }
  const where = `attach({ ${[`kind: "${kind.kind}"`, ...kind.needs].join(", ")} })`;
  const why =
    row.rest === undefined
      ? `a section cannot name ${kind.title}, say where`
      : `its section does not name ${kind.title}, write ${sectionUsage(row)}, or say where`;
  throw new EbpfError("NOT_FOUND", `Cannot attach program ${program.name}: ${why}: ${where}`);
}

/** A call that is told of a place. */
interface PlaceCall {
  readonly name: string;
  /** Between its name and a place's title. */
  readonly word: "to" | "of";
  readonly kinds: readonly string[];
  checksOf(kind: AnyKind): AnyKind["checks"];
  /** What it does, as errors say it. */
  action(program: string, title: string): string;
}

const attaching: PlaceCall = {
  name: "attach()",
  word: "to",
  kinds: Object.keys(attachKinds),
  checksOf: ({ checks }) => checks,
  action: (program, title) => `attach program ${program} to ${title}`,
};

const querying: PlaceCall = {
  name: "query()",
  word: "of",
  kinds: queriedKinds,
  checksOf: ({ checks }) =>
    Object.fromEntries(Object.entries(checks).filter(([option]) => !saysHow(option))) as unknown as AnyKind["checks"],
  action: (program, title) => `look at what is attached to ${title} where program ${program} would be`,
};

/** A copy, which is nobody else's to change. */
function toldTarget(program: ProgramToAttach, given: AttachTarget, call: PlaceCall): AttachTarget {
  const kind = checkedKind(given, call);
  const told = { ...given };
  const { kind: _, ...where } = told;
  const of = `${call.name} ${call.word} ${kind.title}`;
  checkOptions(where, call.checksOf(kind), of);
  const missing = kind.needs.find((key) => told[key as keyof AttachTarget] === undefined);
  if (missing !== undefined) throw new TypeError(`The option ${missing} of ${of} is missing`);
  checkProgramType(program, kind, call);
  const bound = kind.bind?.(told, program.attachTo) ?? told;
  kind.check?.(bound);
  checkLoadedFor(program, kind, bound);
  return bound;
}

function checkedKind(told: AttachTarget, { name, kinds }: PlaceCall): AnyKind {
  if (typeof told !== "object" || told === null)
    throw new TypeError(`${name} takes an object that says where, not ${showValue(told)}`);
  const kind = kindFor(told.kind);
  if (kind !== undefined && kinds.includes(told.kind)) return kind;
  if (kind !== undefined) {
    const message = `Cannot look at what is attached to ${kind.title}: ${name} takes the kinds ${kinds.join(", ")}, of which the kernel tells`;
    throw new NotSupportedError("query", message);
  }
  const near = typeof told.kind === "string" ? nearName(told.kind, kinds) : undefined;
  const hint = near === undefined ? `the kinds are ${kinds.join(", ")}` : `did you mean ${near}?`;
  throw new TypeError(`Unknown kind ${showValue(told.kind)} of ${name}: ${hint}`);
}

function kindFor(name: string): AnyKind | undefined {
  return Object.hasOwn(attachKinds, name) ? (attachKinds[name as keyof typeof attachKinds] as AnyKind) : undefined;
}

function checkProgramType(program: ProgramToAttach, kind: AnyKind, call: PlaceCall): void {
  const row = findProgramKind(program.kind);
  const ofType = typesForPlace(kind.kind).has(program.type);
  if (ofType && row?.attaches === "never") throw attachesNever(program, row);
  if (ofType && (row === undefined || goesTo(row, kind.kind))) return;
  const section = sectionFor(kind.kind);
  throw new TypeError(
    `Cannot ${call.action(program.name, kind.title)}: it is a ${program.kind} program, write SEC("${section}")`,
  );
}

function checkLoadedFor(program: ProgramToAttach, kind: AnyKind, told: AttachTarget): void {
  if (!isBound(findProgramKind(program.kind)) || kind.write(told) === program.attachTo) return;
  throw new TypeError(
    `Cannot attach program ${program.name} to ${kind.title} ${kind.write(told)}: it was loaded for ${program.attachTo}`,
  );
}

/** The verifier was told where it will be attached. */
function isBound(row: ProgramKind | undefined): boolean {
  return row?.kernelType !== undefined && row.attaches === "as named";
}

/** The plainest there is: `xdp` rather than `xdp.frags`. */
function sectionFor(kind: AnyKind["kind"]): string {
  const rows = programKinds.filter(({ place }) => place === kind);
  return (rows.find(({ name }) => name === kind) ?? rows[0]!).name;
}

const insteadOf: Partial<Record<ProgramKind["place"], string>> = {
  nothing: "attaches to nothing, call run()",
  struct_ops: "is attached with the operations that it is one of, call attach() of structOps()",
};

function attachesNever({ name, kind }: ProgramToAttach, { place }: ProgramKind): NotSupportedError {
  const instead = insteadOf[place] ?? `is run from an entry of a ${place}`;
  return new NotSupportedError(`attach ${kind}`, `Cannot attach program ${name}: a ${kind} program ${instead}`);
}

/** Places that other tools know how to set up; the program is theirs once it is pinned. */
const byOthers: Readonly<Partial<Record<ProgramKind["place"], string>>> = {
  tc_action: "tc(8) attaches it as an action of a filter: pin it, and say tc … action bpf object-pinned PATH",
  route:
    "ip(8) attaches it to a route: pin it, and say ip route add … encap bpf xmit pinned PATH (in, out; seg6local: action End.BPF endpoint pinned PATH)",
  lirc: "ir-keytable(1) attaches it to an infrared receiver, from its object: ir-keytable -p FILE",
};

function notYet({ name, kind }: ProgramToAttach): NotSupportedError {
  const instead = byOthers[findProgramKind(kind)?.place ?? "nothing"];
  if (instead !== undefined)
    return new NotSupportedError(`attach ${kind}`, `Cannot attach program ${name}: ${instead}`);
  const known = programKinds.filter(({ place }) => kindFor(place) !== undefined).map((row) => row.name);
  return new NotSupportedError(
    `attach ${kind}`,
    `Cannot attach program ${name}: attaching ${kind} programs is not supported yet (supported: ${known.join(", ")})`,
  );
}
