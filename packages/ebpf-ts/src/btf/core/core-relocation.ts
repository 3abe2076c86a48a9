import { aString } from "../../base/checks.ts";
import { EbpfError, NotSupportedError } from "../../base/errors.ts";
import { someInstructions } from "../../insn/check-instructions.ts";
import type { Instruction } from "../../insn/instruction.ts";
import { aBtf } from "../checks/a-btf.ts";
import { someRelocations } from "../checks/some-relocations.ts";
import { sameKind, typesAreCompatible } from "./compatible.ts";
import { describeAccess, matchAccess, parseAccess, readAccess } from "./field-access.ts";
import { patchInstruction, poisonInstruction } from "./patch-instruction.ts";
import type { Patch } from "./patch-instruction.ts";
import { coreKindNames, essentialName } from "./relocation-kind.ts";
import type { CoreKind } from "./relocation-kind.ts";
import { RelocationProblem } from "./relocation-problem.ts";
import { fieldValue, typeValue } from "./relocation-value.ts";
import type { FieldValue } from "./relocation-value.ts";
import type { Btf, BtfType, CoreRelocation } from "../types.ts";

/** `poison`: the target lacks what the instruction needs. */
type Decision = Patch | "poison";

/**
 * CO-RE: makes instructions that were compiled against one kernel's types fit another's. `local` is the object's BTF,
 * `target` the kernel's, which need not be there while there is nothing to relocate. `where` names the program, for errors.
 * Decides as libbpf does (its relo_core.c). A field that the target lacks makes its instruction invalid, for the verifier
 * to refuse if it can be reached.
 */
export function applyCoreRelocations(
  instructions: Instruction[],
  relocations: readonly CoreRelocation[],
  local: Btf,
  target: Btf | undefined,
  where: string,
): void {
  someInstructions(instructions, "The instructions of applyCoreRelocations()");
  someRelocations(relocations, "The relocations of applyCoreRelocations()");
  aBtf(local, "The object's types");
  if (target !== undefined) aBtf(target, "The target's types");
  aString(where, "The name of the program");
  for (const relocation of relocations) {
    const kind = coreKindNames[relocation.kind];
    try {
      apply(instructions, relocation, checkKind(kind, relocation, local, where), local, target, where);
    } catch (problem) {
      if (!(problem instanceof RelocationProblem)) throw problem;
      const what = `instruction ${relocation.slot} (${kind} of ${local.nameOf(relocation.type)})`;
      throw new EbpfError("BAD_BTF", `Cannot relocate ${where}, ${what}: ${problem.message}`, { cause: problem });
    }
  }
}

function checkKind(kind: CoreKind | undefined, relocation: CoreRelocation, local: Btf, where: string): CoreKind {
  if (kind !== undefined && kind !== "type_matches") return kind;
  const name = kind ?? `kind ${relocation.kind}`;
  throw new NotSupportedError(
    `CO-RE ${name}`,
    `Cannot relocate ${where}: the CO-RE relocation ${name} of ${local.nameOf(relocation.type)} is not supported yet`,
  );
}

function apply(
  instructions: Instruction[],
  relocation: CoreRelocation,
  kind: CoreKind,
  local: Btf,
  target: Btf | undefined,
  where: string,
): void {
  if (instructions[relocation.slot] === undefined) throw new RelocationProblem("there is no such instruction");
  const decision = decide(kind, relocation, local, target, where);
  if (decision === "poison") {
    poisonInstruction(instructions, relocation.slot);
    return;
  }
  const wrong = patchInstruction(instructions, relocation.slot, decision);
  if (wrong !== undefined) throw new RelocationProblem(wrong);
}

function decide(
  kind: CoreKind,
  relocation: CoreRelocation,
  local: Btf,
  target: Btf | undefined,
  where: string,
): Decision {
  // Static linkers may renumber types, so that the instruction can be out of date.
  if (kind === "type_id_local") return plainPatch(BigInt(relocation.type), BigInt(relocation.type), false);
  if (target === undefined) {
    throw new NotSupportedError(
      "kernel BTF",
      `Cannot relocate ${where}: it needs the types of the running kernel (/sys/kernel/btf/vmlinux), which this host does not have`,
    );
  }
  const candidates = candidatesFor(local.type(relocation.type), target);
  if (kind.startsWith("field_")) return decideField(kind, relocation, local, target, candidates);
  if (kind.startsWith("type_")) return decideType(kind, relocation.type, local, target, candidates);
  return decideEnumValue(kind, relocation, local, target, candidates);
}

/** All types of the target with the same name, flavors aside, and of the same kind. */
function candidatesFor(type: BtfType, target: Btf): readonly BtfType[] {
  const name = "name" in type ? type.name : "";
  if (name === "") throw new RelocationProblem("an anonymous type cannot be found in another kernel");
  return target.findFlavors(essentialName(name)).filter((candidate) => sameKind(type, candidate));
}

function decideField(
  kind: CoreKind,
  relocation: CoreRelocation,
  local: Btf,
  target: Btf,
  candidates: readonly BtfType[],
): Decision {
  const access = readAccess(local, relocation.type, relocation.access);
  const was = fieldValue(kind, access)!;
  const found = candidates
    .map((candidate) => matchAccess(access, target, candidate.id))
    .filter((match) => match !== undefined);
  if (found.some((match) => match.bitOffset !== found[0]!.bitOffset))
    throw new RelocationProblem(`types of the kernel disagree on the offset of ${describeAccess(access)}`);
  return (
    single(found.map((match) => fieldDecision(was, fieldValue(kind, match)))) ??
    fieldDecision(was, fieldValue(kind, undefined))
  );
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

function decideType(kind: CoreKind, type: number, local: Btf, target: Btf, candidates: readonly BtfType[]): Decision {
  const was = BigInt(typeValue(kind, local, type));
  const check = kind !== "type_id_target";
  const decisions = candidates
    .filter((candidate) => typesAreCompatible(local, type, target, candidate.id))
    .map((candidate) => plainPatch(was, BigInt(typeValue(kind, target, candidate.id)), check));
  return single(decisions) ?? plainPatch(was, 0n, check);
}

function decideEnumValue(
  kind: CoreKind,
  relocation: CoreRelocation,
  local: Btf,
  target: Btf,
  candidates: readonly BtfType[],
): Decision {
  const [index, ...more] = parseAccess(relocation.access);
  const entry = enumerators(local.resolve(relocation.type))[index!];
  if (entry === undefined || more.length > 0)
    throw new RelocationProblem(`its access string ${relocation.access} names no enumerator`);
  const exists = kind === "enumval_exists";
  const decisions: Decision[] = [];
  for (const candidate of candidates) {
    const found = enumerators(target.resolve(candidate.id)).find(
      (other) => essentialName(other.name) === essentialName(entry.name),
    );
    if (found !== undefined)
      decisions.push(exists ? plainPatch(1n, 1n, true) : plainPatch(BigInt(entry.value), BigInt(found.value), true));
  }
  return single(decisions) ?? (exists ? plainPatch(1n, 0n, true) : "poison");
}

function enumerators(type: BtfType): readonly { readonly name: string; readonly value: number | bigint }[] {
  return type.kind === "enum" || type.kind === "enum64" ? type.values : [];
}

function plainPatch(was: bigint, becomes: bigint, check: boolean): Patch {
  return { was, becomes, check, wasSize: 0, becomesSize: 0, resizable: false };
}

/** All candidates must lead to the same decision: guessing would read the wrong memory. */
function single(decisions: readonly Decision[]): Decision | undefined {
  const [first, ...others] = decisions;
  for (const other of others) {
    const same = first === "poison" || other === "poison" ? first === other : first?.becomes === other.becomes;
    if (!same) throw new RelocationProblem("types of the same name in the kernel disagree");
  }
  return first;
}
