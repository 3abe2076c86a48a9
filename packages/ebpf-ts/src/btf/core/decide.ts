import type { Btf, BtfType, CoreRelocation } from "../types.ts";
import type { TargetType } from "./candidates.ts";
import { typesAreCompatible } from "./compatible.ts";
import { type FieldAccess, matchAccess, parseAccess, readAccess } from "./field-access.ts";
import type { Patch } from "./patch-instruction.ts";
import type { CoreKind } from "./relocation-kind.ts";
import { essentialName } from "./relocation-kind.ts";
import { RelocationProblem } from "./relocation-problem.ts";
import { type FieldValue, fieldValue, typeValue } from "./relocation-value.ts";
import { typesMatch } from "./types-match.ts";

/** `poison`: the target lacks what the instruction needs. */
export type Decision = Patch | "poison";

/** What one candidate leads to. */
interface Finding {
  readonly candidate: TargetType;
  readonly decision: Decision;
}

/** What becomes of an instruction, and which of the candidates say so. */
export interface Outcome {
  readonly decision: Decision;
  readonly fitting: readonly TargetType[];
}

/** The kinds that ask the target. */
type AskingKind = Exclude<CoreKind, "type_id_local">;

export function decide(
  kind: AskingKind,
  relocation: CoreRelocation,
  local: Btf,
  candidates: readonly TargetType[],
): Outcome {
  if (kind.startsWith("field_")) return decideField(kind, relocation, local, candidates);
  if (kind.startsWith("type_")) return decideType(kind, relocation, local, candidates);
  return decideEnumValue(kind, relocation, local, candidates);
}

function decideField(
  kind: CoreKind,
  relocation: CoreRelocation,
  local: Btf,
  candidates: readonly TargetType[],
): Outcome {
  const access = readAccess(local, relocation.type, relocation.access);
  const was = fieldValue(kind, access)!;
  const matches: { candidate: TargetType; match: FieldAccess }[] = [];
  for (const candidate of candidates) {
    const match = matchAccess(access, candidate.btf, candidate.type.id);
    if (match !== undefined) matches.push({ candidate, match });
  }
  const other = matches.find(({ match }) => match.bitOffset !== matches[0]!.match.bitOffset);
  if (other !== undefined) {
    const offsets = `${inBytes(matches[0]!.match)} and ${inBytes(other.match)}`;
    throw new RelocationProblem(`the target has several types of that name, with the field at ${offsets}`);
  }
  const found = matches.map(({ candidate, match }) => ({
    candidate,
    decision: fieldDecision(was, fieldValue(kind, match)),
  }));
  return single(found, () => fieldDecision(was, fieldValue(kind, undefined)));
}

function inBytes({ bitOffset }: FieldAccess): string {
  return bitOffset % 8 === 0 ? `byte ${bitOffset / 8}` : `bit ${bitOffset}`;
}

function fieldDecision(was: FieldValue, becomes: FieldValue | undefined): Decision {
  if (becomes === undefined) return "poison";
  return {
    was: BigInt(was.value),
    becomes: BigInt(becomes.value),
    check: was.certain,
    wasSize: was.size,
    becomesSize: becomes.size,
    resizable: isResizable(was.type, becomes.type),
  };
}

function isResizable(was: BtfType | undefined, becomes: BtfType | undefined): boolean {
  if (was?.kind === "ptr" && becomes?.kind === "ptr") return true;
  return was?.kind === "int" && becomes?.kind === "int" && was.encoding !== "signed" && becomes.encoding !== "signed";
}

function decideType(
  kind: CoreKind,
  { type, access }: CoreRelocation,
  local: Btf,
  candidates: readonly TargetType[],
): Outcome {
  if (access !== "0")
    throw new RelocationProblem(`its access string is ${JSON.stringify(access)}, and that of a type is "0"`);
  const was = BigInt(typeValue(kind, local, type));
  const check = kind !== "type_id_target";
  const fits = kind === "type_matches" ? typesMatch : typesAreCompatible;
  const found = candidates
    .filter((candidate) => fits(local, type, candidate.btf, candidate.type.id))
    .map((candidate) => ({
      candidate,
      decision: plainPatch(was, BigInt(typeValue(kind, candidate.btf, candidate.type.id)), check),
    }));
  return single(found, () => plainPatch(was, 0n, check));
}

function decideEnumValue(
  kind: CoreKind,
  relocation: CoreRelocation,
  local: Btf,
  candidates: readonly TargetType[],
): Outcome {
  const entry = enumeratorOf(relocation, local);
  const exists = kind === "enumval_exists";
  const findings: Finding[] = [];
  for (const candidate of candidates) {
    const found = enumerators(candidate.btf.resolve(candidate.type.id)).find(
      (other) => essentialName(other.name) === essentialName(entry.name),
    );
    if (found === undefined) continue;
    const decision = exists ? plainPatch(1n, 1n, true) : plainPatch(BigInt(entry.value), BigInt(found.value), true);
    findings.push({ candidate, decision });
  }
  return single(findings, () => (exists ? plainPatch(1n, 0n, true) : "poison"));
}

export interface Enumerator {
  readonly name: string;
  readonly value: number | bigint;
}

/** The one that a relocation names, as the object has it. */
export function enumeratorOf(relocation: CoreRelocation, local: Btf): Enumerator {
  const [index, ...more] = parseAccess(relocation.access);
  const entry = enumerators(local.resolve(relocation.type))[index!];
  if (entry !== undefined && more.length === 0) return entry;
  throw new RelocationProblem(`its access string ${relocation.access} names no enumerator`);
}

export function enumerators(type: BtfType): readonly Enumerator[] {
  return type.kind === "enum" || type.kind === "enum64" ? type.values : [];
}

export function plainPatch(was: bigint, becomes: bigint, check: boolean): Patch {
  return { was, becomes, check, wasSize: 0, becomesSize: 0, resizable: false };
}

/** All candidates must lead to the same decision: guessing would read the wrong memory. */
function single(findings: readonly Finding[], withoutAny: () => Decision): Outcome {
  const fitting = findings.map(({ candidate }) => candidate);
  const [first, ...others] = findings.map(({ decision }) => decision);
  for (const other of others) {
    const same = first === "poison" || other === "poison" ? first === other : first?.becomes === other.becomes;
    if (!same)
      throw new RelocationProblem(
        `the target has several types of that name, and they disagree: ${values(first!, other)}`,
      );
  }
  return { decision: first ?? withoutAny(), fitting };
}

function values(...decisions: readonly Decision[]): string {
  return decisions.map((decision) => (decision === "poison" ? "none" : String(decision.becomes))).join(" and ");
}
