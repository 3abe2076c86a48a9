import type { CoreTarget } from "../../btf/core/candidates.ts";
import { Relocator } from "../../btf/core/relocator.ts";
import { aBtf } from "../../btf/checks/a-btf.ts";
import type { Btf } from "../../btf/types.ts";
import { Assembler, type StartRelocation } from "./assembler.ts";
import { aSpec, checkFunction } from "../check-spec.ts";
import type { CollectionSpec, AssembledProgram, ProgramSpec } from "../types.ts";

/** Where the program is to run: types of the kernel, for CO-RE. */
export interface AssembleTarget {
  readonly btf: Btf;
}

/**
 * Makes one piece of code of a program and all functions that it reaches. They follow in libbpf's order
 * (`bpf_object__reloc_code`): each when it is first referred to, and what it refers to right after it, in depth first.
 * The spec is not changed. Throws TOO_BIG beyond the instructions that a kernel takes (a million).
 */
export function assemble(spec: CollectionSpec, program: ProgramSpec, target?: AssembleTarget): AssembledProgram {
  aSpec(spec, "The spec of assemble()");
  checkFunction(program, "The program of assemble()");
  if (target !== undefined) aBtf(target?.btf, "The btf of the target of assemble()");
  return new Assembler(spec, relocateTo({ btf: target?.btf })).assemble(program);
}

/** CO-RE against these types, which need not be there while there is nothing to relocate. */
export function relocateTo(target: CoreTarget): StartRelocation {
  return (local) => new Relocator(local, target);
}
