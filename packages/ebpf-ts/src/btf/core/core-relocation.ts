import { aString } from "../../base/checks.ts";
import { atOnce } from "../../base/slices.ts";
import { someInstructions } from "../../insn/check-instructions.ts";
import type { Instruction } from "../../insn/instruction.ts";
import { aBtf } from "../checks/a-btf.ts";
import { someRelocations } from "../checks/some-relocations.ts";
import type { Btf, CoreRelocation } from "../types.ts";
import { Relocator } from "./relocator.ts";

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
  atOnce(new Relocator(local, { btf: target }).applying({ instructions, relocations, lines: [], where }));
}
