import { maybe } from "../../base/check-members.ts";
import { anObject, aString } from "../../base/checks.ts";
import type { CoreTarget } from "../../btf/core/candidates.ts";
import { Relocator } from "../../btf/core/relocator.ts";
import { aBtf } from "../../btf/checks/a-btf.ts";
import type { Btf } from "../../btf/types.ts";
import { Assembler, type StartRelocation } from "./assembler.ts";
import { aSpec, checkFunction } from "../check-spec.ts";
import type { AssembledProgram, CollectionSpec, FunctionSpec, ProgramSpec } from "../types.ts";

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
  maybe(aBtf)(spec.btf, "The btf of the spec of assemble()");
  checkNames(spec.programs, "programs");
  checkNames(spec.functions, "functions");
  if (target !== undefined) aBtf(target?.btf, "The btf of the target of assemble()");
  const assembler = new Assembler(spec, relocateTo({ btf: target?.btf }));
  // What the program does not reach may be anything.
  assembler.reach([program], (fn) => {
    checkFunction(fn, fn === program ? "The program of assemble()" : `Function ${fn.name} of the spec of assemble()`);
  });
  return assembler.assemble(program);
}

function checkNames(functions: readonly FunctionSpec[], list: string): void {
  for (const [index, fn] of functions.entries()) {
    anObject(fn, `Element ${index} of the ${list} of assemble()`);
    aString(fn.name, `The name of element ${index} of the ${list} of assemble()`);
  }
}

/** CO-RE against these types, which need not be there while there is nothing to relocate. */
export function relocateTo(target: CoreTarget): StartRelocation {
  return (local) => new Relocator(local, target);
}
