import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import type { Failures } from "../../../base/failures.ts";
import { CALL, CallKind } from "../../../insn/opcodes.ts";
import { helperName } from "../../../uapi/helper-names.ts";
import { isGplCompatible, isGplOnly } from "../../../uapi/helpers-gpl.ts";
import { helpers } from "../helpers/index.ts";
import type { MachineProgram } from "../machine/machine-program.ts";
import type { ProgramMemory } from "../memory/program-memory.ts";
import { findReachable } from "./reachable.ts";

/** What libbpf, and `link` here, call where a CO-RE relocation found no target. */
const poison = 0xbad2310;

/** Finds the calls that a validated program can reach of helpers and kernel functions which it cannot have: the first of each. */
export function checkCalls(program: MachineProgram, license: string, memory: ProgramMemory, failures: Failures): void {
  const reachable = findReachable(program, memory);
  const seen = new Set<string>();
  for (let slot = 0; slot < reachable.length; slot++) {
    if (!reachable[slot] || program.opcodes[slot] !== CALL) continue;
    const key = `${program.src[slot]} ${program.imms[slot]}`;
    if (seen.has(key)) continue;
    seen.add(key);
    failures.try(() => checkCall(program, slot, license));
  }
}

function checkCall(program: MachineProgram, slot: number, license: string): void {
  if (program.src[slot] === CallKind.KFUNC)
    throw lacks(program, slot, "kfuncs", "the embedded engine has no kernel functions (kfuncs)");
  if (program.src[slot] === CallKind.HELPER) checkHelper(program, slot, license);
}

function checkHelper(program: MachineProgram, slot: number, license: string): void {
  const id = program.imms[slot]!;
  const name = helperName(id);
  if (id === poison) {
    throw lacks(
      program,
      slot,
      "CO-RE",
      "it reaches for a field or type that the embedded engine's kernel types do not have (CO-RE)",
    );
  }
  if (name === undefined)
    throw new EbpfError("BAD_INSTRUCTION", message(program, slot, `there is no helper number ${id}`));
  if (helpers[id] === undefined) {
    throw lacks(program, slot, `bpf_${name}`, `the embedded engine has no helper bpf_${name} (${id})`);
  }
  if (isGplOnly(id, program.image.type) && !isGplCompatible(license)) {
    const stated = license === "" ? "the object names none" : `the object's is ${JSON.stringify(license)}`;
    const why = `bpf_${name} is for programs with a GPL-compatible licence only, and ${stated}`;
    throw new EbpfError("BAD_INSTRUCTION", message(program, slot, why));
  }
}

function lacks(program: MachineProgram, slot: number, feature: string, why: string): NotSupportedError {
  return new NotSupportedError(feature, message(program, slot, why));
}

function message(program: MachineProgram, slot: number, why: string): string {
  return `Cannot load program ${program.image.name}: ${why}, at ${program.placeOf(slot)}`;
}
