import { EbpfError, NotSupportedError } from "../../base/errors.ts";
import type { Sliced } from "../../base/slices.ts";
import type { Instruction } from "../../insn/instruction.ts";
import type { Btf, CoreRelocation, LineInfo } from "../types.ts";
import { AbsentPart, describeRelocation } from "./absent-part.ts";
import { Candidates, type CoreTarget } from "./candidates.ts";
import { decide, plainPatch, type Decision } from "./decide.ts";
import { isPoisoned, patchInstruction, poisonInstruction } from "./patch-instruction.ts";
import { type CoreKind, coreKindNames } from "./relocation-kind.ts";
import { RelocationProblem } from "./relocation-problem.ts";

/** What is relocated: `where` names the program, for errors, and `lines` are those of its source, where they are known. */
export interface RelocatedCode {
  readonly instructions: Instruction[];
  readonly relocations: readonly CoreRelocation[];
  readonly lines: readonly LineInfo[];
  readonly where: string;
}

/** What the target lacks, and the slot of the instruction that was made invalid for it. */
export interface Absence {
  readonly slot: number;
  readonly part: AbsentPart;
}

/** Makes the code of one object fit one target: what its functions have in common is looked for once. */
export class Relocator {
  readonly #local: Btf;
  readonly #target: CoreTarget;
  #candidates: Candidates | undefined;

  constructor(local: Btf, target: CoreTarget) {
    this.#local = local;
    this.#target = target;
  }

  /** Changes the instructions in place. The first access to a type looks for it in all of the target. */
  *applying({ instructions, relocations, lines, where }: RelocatedCode): Sliced<readonly Absence[]> {
    const absent: Absence[] = [];
    for (const relocation of relocations) {
      yield;
      const kind = knownKind(relocation, this.#local, where);
      try {
        const part = this.#applyOne(instructions, relocation, kind, where);
        if (part !== undefined) absent.push({ slot: relocation.slot, part });
      } catch (problem) {
        if (!(problem instanceof RelocationProblem)) throw problem;
        const what = `instruction ${relocation.slot} (${kind} of ${this.#accessOf(relocation)}${sourceOf(lines, relocation.slot)})`;
        throw new EbpfError("BAD_BTF", `Cannot relocate ${where}, ${what}: ${problem.message}`, { cause: problem });
      }
    }
    return absent;
  }

  #applyOne(
    instructions: Instruction[],
    relocation: CoreRelocation,
    kind: CoreKind,
    where: string,
  ): AbsentPart | undefined {
    const { slot, type } = relocation;
    const instruction = instructions[slot];
    if (instruction === undefined) throw new RelocationProblem("there is no such instruction");
    const decision = this.#decide(relocation, kind, where);
    if (decision === "poison") poisonInstruction(instructions, slot);
    const wrong = decision === "poison" ? undefined : patchInstruction(instructions, slot, decision);
    if (wrong !== undefined) throw new RelocationProblem(wrong);
    if (!isPoisoned(instruction)) return undefined;
    return new AbsentPart(relocation, this.#local, this.#candidates?.of(type) ?? []);
  }

  #decide(relocation: CoreRelocation, kind: CoreKind, where: string): Decision {
    const { type } = relocation;
    // Static linkers may renumber types, so that the instruction can be out of date.
    if (kind === "type_id_local") return plainPatch(BigInt(type), BigInt(type), false);
    const candidates = this.#candidatesFor(where);
    const { decision, fitting } = decide(kind, relocation, this.#local, candidates.of(type));
    candidates.keep(type, fitting);
    return decision;
  }

  #candidatesFor(where: string): Candidates {
    const { btf, modules } = this.#target;
    if (btf === undefined) {
      throw new NotSupportedError(
        "kernel BTF",
        `Cannot relocate ${where}: it needs the types of the running kernel (/sys/kernel/btf/vmlinux), which this host does not have`,
      );
    }
    this.#candidates ??= new Candidates(this.#local, btf, modules);
    return this.#candidates;
  }

  /** What cannot be read is told by its root. */
  #accessOf(relocation: CoreRelocation): string {
    try {
      return describeRelocation(relocation, this.#local);
    } catch (problem) {
      if (!(problem instanceof RelocationProblem)) throw problem;
      return this.#local.nameOf(relocation.type);
    }
  }
}

function knownKind(relocation: CoreRelocation, local: Btf, where: string): CoreKind {
  const kind = coreKindNames[relocation.kind];
  if (kind !== undefined) return kind;
  const name = `kind ${relocation.kind}`;
  throw new NotSupportedError(
    `CO-RE ${name}`,
    `Cannot relocate ${where}: this library does not know the CO-RE relocation of ${name} of ${local.nameOf(relocation.type)}`,
  );
}

/** `, at probe.bpf.c:12 "x = f->f_path.dentry;"` */
function sourceOf(lines: readonly LineInfo[], slot: number): string {
  const line = lines.findLast((each) => each.slot <= slot);
  if (line === undefined) return "";
  const text = line.text.trim();
  return `, at ${line.file}:${line.line}${text === "" ? "" : ` \`${text}\``}`;
}
