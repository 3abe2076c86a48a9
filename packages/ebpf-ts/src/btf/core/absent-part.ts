import { nearName } from "../../base/near-name.ts";
import type { Btf, BtfComposite, CoreRelocation } from "../types.ts";
import type { TargetType } from "./candidates.ts";
import { enumeratorOf, enumerators } from "./decide.ts";
import { type AccessStep, describeAccess, matchAccess, readAccess } from "./field-access.ts";
import { coreKindNames } from "./relocation-kind.ts";

/** What a relocation asked for and the target does not have. Its sentences are made when somebody reads them. */
export class AbsentPart {
  readonly #relocation: CoreRelocation;
  readonly #local: Btf;
  readonly #candidates: readonly TargetType[];

  constructor(relocation: CoreRelocation, local: Btf, candidates: readonly TargetType[]) {
    this.#relocation = relocation;
    this.#local = local;
    this.#candidates = candidates;
  }

  /** As C writes it: `struct file.f_path.dentry`, `enum bpf_func_id::BPF_FUNC_loop`. */
  get access(): string {
    return describeRelocation(this.#relocation, this.#local);
  }

  /** What was tried, the rest of a sentence: `struct file has no member f_pth there, but f_path`. */
  get tried(): string {
    const [first] = this.#candidates;
    const name = this.#local.nameOf(this.#relocation.type);
    if (first === undefined) return `it has no ${name}`;
    if (coreKindNames[this.#relocation.kind]?.startsWith("enumval") === true) return this.#triedEnum(name);
    const access = readAccess(this.#local, this.#relocation.type, this.#relocation.access);
    for (let count = 1; count <= access.steps.length; count += 1) {
      const part = { ...access, steps: access.steps.slice(0, count) };
      if (this.#candidates.some(({ btf, type }) => matchAccess(part, btf, type.id) !== undefined)) continue;
      const parent = { ...access, steps: access.steps.slice(0, count - 1) };
      const reached = matchAccess(parent, first.btf, first.type.id);
      return whyNot(
        access.steps[count - 1]!,
        describeAccess(parent),
        first.btf,
        reached && endOf(first, reached.steps),
      );
    }
    return "its field has another size, and is no pointer or unsigned integer";
  }

  #triedEnum(name: string): string {
    const wanted = enumeratorOf(this.#relocation, this.#local).name;
    const there = this.#candidates.flatMap(({ btf, type }) => enumerators(btf.resolve(type.id)));
    return `its ${name} has no ${wanted}${butNear(wanted, there)}`;
  }
}

/** What a relocation asks for, as C writes it. */
export function describeRelocation(relocation: CoreRelocation, local: Btf): string {
  const kind = coreKindNames[relocation.kind];
  const root = local.nameOf(relocation.type);
  if (kind?.startsWith("field_") === true) return describeAccess(readAccess(local, relocation.type, relocation.access));
  if (kind?.startsWith("enumval_") === true) return `${root}::${enumeratorOf(relocation, local).name}`;
  return root;
}

/** The type that the last of the steps leads to. */
function endOf({ btf, type }: TargetType, steps: readonly AccessStep[]): number {
  const last = steps.at(-1);
  if (last === undefined) return type.id;
  return last.name === undefined ? last.type : (btf.type(last.type) as BtfComposite).members[last.index]!.type;
}

function whyNot(step: AccessStep, parent: string, btf: Btf, parentType: number | undefined): string {
  if (step.name === undefined) return `its ${parent} has no element ${step.index}`;
  const type = parentType === undefined ? undefined : btf.resolve(parentType);
  if (type?.kind !== "struct" && type?.kind !== "union") return `its ${parent} has no members`;
  const members = allMembers(btf, type);
  const same = members.find(({ name }) => name === step.name);
  if (same !== undefined) return `its ${parent}.${step.name} is of another type: ${btf.nameOf(same.type)}`;
  return `its ${parent} has no member ${step.name}${butNear(step.name, members)}`;
}

function butNear(wanted: string, there: readonly { readonly name: string }[]): string {
  const near = nearName(
    wanted,
    there.map(({ name }) => name),
  );
  return near === undefined ? "" : `, but ${near}`;
}

/** With those of anonymous members. They were passed before, with a limit. */
function allMembers(btf: Btf, type: BtfComposite): readonly { readonly name: string; readonly type: number }[] {
  return type.members.flatMap((member) => {
    if (member.name !== "") return [member];
    const inner = btf.resolve(member.type);
    return inner.kind === "struct" || inner.kind === "union" ? allMembers(btf, inner) : [];
  });
}
