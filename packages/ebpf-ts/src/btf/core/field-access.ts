import type { Btf, BtfComposite, BtfType } from "../types.ts";
import { fieldsAreCompatible } from "./compatible.ts";
import { RelocationProblem } from "./relocation-problem.ts";

/** One step that means something to the C source: a named member, or an element of an array. */
export interface AccessStep {
  /** Resolved: the struct that has the member, or the element itself. */
  readonly type: number;
  readonly index: number;
  /** Undefined for an element. */
  readonly name: string | undefined;
}

/** How a field is reached from its root type, on one side: in the object's BTF, or in the target's. */
export interface FieldAccess {
  readonly btf: Btf;
  readonly root: number;
  readonly steps: readonly AccessStep[];
  readonly bitOffset: number;
}

/** BPF_CORE_SPEC_MAX_LEN */
const maxSteps = 64;
/** Of all anonymous members together: a table that was not checked could nest them without end. Also bounds recursion. */
const maxMembers = 4096;

/** The numbers of an access string such as `0:2:1`. */
export function parseAccess(access: string): number[] {
  if (!/^\d{1,9}(:\d{1,9})*$/.test(access))
    throw new RelocationProblem(`its access string is ${JSON.stringify(access)}`);
  const indices = access.split(":").map(Number);
  if (indices.length > maxSteps) throw new RelocationProblem(`its access string has more than ${maxSteps} steps`);
  return indices;
}

/** Follows an access string through the object's own types. Anonymous members give an offset, but no step. */
export function readAccess(btf: Btf, root: number, access: string): FieldAccess {
  const [first, ...rest] = parseAccess(access) as [number, ...number[]];
  let type = btf.resolve(root);
  const steps: AccessStep[] = [{ type: type.id, index: first, name: undefined }];
  let bitOffset = first * btf.sizeOf(type.id) * 8;
  for (const index of rest) {
    if (type.kind === "struct" || type.kind === "union") {
      const member = type.members[index];
      if (member === undefined) throw new RelocationProblem(`${btf.nameOf(type.id)} has no member ${index}`);
      bitOffset += member.bitOffset;
      if (member.name !== "") steps.push({ type: type.id, index, name: member.name });
      type = btf.resolve(member.type);
    } else if (type.kind === "array") {
      if (index >= type.length && !isFlexible(btf, steps.at(-1), type.length))
        throw new RelocationProblem(`${btf.nameOf(type.id)} has no element ${index}`);
      type = btf.resolve(type.type);
      steps.push({ type: type.id, index, name: undefined });
      bitOffset += index * btf.sizeOf(type.id) * 8;
    } else {
      throw new RelocationProblem(`${btf.nameOf(type.id)} has no parts`);
    }
  }
  return { btf, root, steps, bitOffset };
}

/** The same path in a candidate type of the target; undefined when it does not lead there. */
export function matchAccess(local: FieldAccess, target: Btf, root: number): FieldAccess | undefined {
  const steps: AccessStep[] = [];
  let bitOffset = 0;
  let type = target.resolve(root);
  const budget = { members: maxMembers };
  for (const [position, step] of local.steps.entries()) {
    if (step.name !== undefined) {
      const found = findMember(local.btf, step, target, type, budget);
      if (found === undefined) return undefined;
      bitOffset += found.bitOffset;
      steps.push(found.step);
      type = target.resolve(found.type);
      continue;
    }
    // The first index is that of a pointer to the root: the root is its element already.
    if (position > 0) {
      if (type.kind !== "array") return undefined;
      if (step.index >= type.length && !isFlexible(target, steps.at(-1), type.length)) return undefined;
      type = target.resolve(type.type);
    }
    steps.push({ type: type.id, index: step.index, name: undefined });
    bitOffset += step.index * target.sizeOf(type.id) * 8;
  }
  return { btf: target, root, steps, bitOffset };
}

interface FoundMember {
  readonly step: AccessStep;
  readonly type: number;
  readonly bitOffset: number;
}

/** Searches the members in order, anonymous ones inside. A member of that name which does not fit ends the search. */
function findMember(
  local: Btf,
  wanted: AccessStep,
  target: Btf,
  type: BtfType,
  budget: { members: number },
): FoundMember | undefined {
  if (type.kind !== "struct" && type.kind !== "union") return undefined;
  const localType = (local.type(wanted.type) as BtfComposite).members[wanted.index]!.type;
  for (const [index, member] of type.members.entries()) {
    budget.members -= 1;
    if (budget.members < 0)
      throw new RelocationProblem(`${target.nameOf(type.id)} has too many members, or contains itself`);
    if (member.name === "") {
      const inner = findMember(local, wanted, target, target.resolve(member.type), budget);
      if (inner !== undefined) return { ...inner, bitOffset: inner.bitOffset + member.bitOffset };
    } else if (member.name === wanted.name) {
      if (!fieldsAreCompatible(local, localType, target, member.type)) return undefined;
      return { step: { type: type.id, index, name: member.name }, type: member.type, bitOffset: member.bitOffset };
    }
  }
  return undefined;
}

/** An array without length may be indexed when it is the last member of its struct. */
function isFlexible(btf: Btf, step: AccessStep | undefined, length: number): boolean {
  if (step?.name === undefined || length > 0) return false;
  return step.index === (btf.type(step.type) as BtfComposite).members.length - 1;
}

/** As C writes it: `struct task_struct.pid`, `struct a.b[3].c`. */
export function describeAccess(access: FieldAccess): string {
  const path = access.steps.slice(1).map((step) => (step.name === undefined ? `[${step.index}]` : `.${step.name}`));
  const first = access.steps[0]?.index ?? 0;
  return `${access.btf.nameOf(access.root)}${first === 0 ? "" : `[${first}]`}${path.join("")}`;
}
